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
        await Task.WhenAny(before);
        Task mine;
        lock (gate)
        {
            next = null;
            mine = under = ask();
        }

        await mine;
    }
}
