namespace Mainstay.State.Etcd;

/// <summary>
/// Lets readers be current together: who comes while a question to etcd is under way shares the next one, as an answer that was asked for before
/// one came does not count for one.
/// </summary>
sealed class Barrier(Func<Task> ask)
{
    readonly Lock gate = new();
    Task? under;
    Task? next;

    /// <summary>Completes when everything is read that was acknowledged before the call.</summary>
    public Task PassAsync()
    {
        lock (gate)
        {
            if (under is null || under.IsCompleted)
                return under = ask();
            return next ??= AfterAsync(under);
        }
    }

    async Task AfterAsync(Task before)
    {
        // Never at once: an answer that comes at this moment would have the next one asked for, and only then be noted as what later callers wait for.
        await before.ConfigureAwait(ConfigureAwaitOptions.ForceYielding | ConfigureAwaitOptions.SuppressThrowing);
        Task mine;
        lock (gate)
        {
            next = null;
            mine = under = ask();
        }

        await mine;
    }
}
