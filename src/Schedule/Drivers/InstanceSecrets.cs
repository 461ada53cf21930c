using System.Collections.Concurrent;
using Mainstay.Core.Kinds.Schedule;

namespace Mainstay.Schedule.Drivers;

/// <summary>What the server gives an instance of its secrets: values by name, and the names that have none.</summary>
public sealed record SecretsGiven(IReadOnlyDictionary<string, string> Values, IReadOnlyList<string> Missing);

/// <summary>
/// The secrets of this host's instances: asked for before each start, kept in memory alone while the instance is, and put into files where the manifest says so. While no server answers, an instance starts again with what it had.
/// </summary>
/// <param name="folder">For the files.</param>
/// <param name="ask">Asks the server for an instance's; null where there is none.</param>
/// <param name="time">For the wait.</param>
sealed class InstanceSecrets(DataFolder folder, Func<string, CancellationToken, Task<SecretsGiven>>? ask, TimeProvider time)
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    readonly ConcurrentDictionary<string, IReadOnlyDictionary<string, string>> held = new(StringComparer.Ordinal);

    /// <summary>Has an instance's secrets ready for its start; else says why not, and what to do.</summary>
    public async Task<string?> PrepareAsync(Instance instance, CancellationToken stop)
    {
        if (instance.Template.Secrets is not { Count: > 0 } wanted)
        {
            return null;
        }

        try
        {
            using var limit = new CancellationTokenSource(Patience, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, limit.Token);
            var given = ask is null ? new(new Dictionary<string, string>(), [.. wanted.Values.Select(w => w.Secret)]) : await ask(instance.Name, either.Token);
            if (given.Missing.Count > 0)
            {
                return $"there is no value of the secret {string.Join(", ", given.Missing)}; keep it with 'mainstay secret set {given.Missing[0]}'";
            }

            var variables = new Dictionary<string, string>(StringComparer.Ordinal);
            foreach (var (variable, one) in wanted)
            {
                variables[variable] = one.File ? Write(instance.Name, one.Secret, given.Values[one.Secret]) : given.Values[one.Secret];
            }

            held[instance.Name] = variables;
            return null;
        }
        catch (Exception fault) when ((fault is HttpRequestException or OperationCanceledException && !stop.IsCancellationRequested) || fault is IOException or UnauthorizedAccessException)
        {
            return held.ContainsKey(instance.Name) && fault is HttpRequestException or OperationCanceledException ? null
                : fault is IOException or UnauthorizedAccessException ? $"its secrets cannot be written to {folder.Agent}: {fault.Message}; free space or correct its permissions"
                : $"the server does not give its secrets: {(fault is OperationCanceledException ? "no answer within 5s" : fault.Message)}; they are asked for again";
        }
    }

    /// <summary>By variable; none for who has none.</summary>
    public IReadOnlyDictionary<string, string> Of(string instance) => held.GetValueOrDefault(instance) ?? new Dictionary<string, string>();

    /// <summary>Forgets an instance's, with their files.</summary>
    public void Forget(string instance)
    {
        held.TryRemove(instance, out _);
        var own = Path.Combine(folder.Secrets, instance);
        if (Directory.Exists(own))
        {
            Directory.Delete(own, recursive: true);
        }
    }

    // Whole or not at all, and for nobody else's eyes at any moment.
    string Write(string instance, string secret, string value)
    {
        var own = Directory.CreateDirectory(Path.Combine(folder.Secrets, instance), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute).FullName;
        var path = Path.Combine(own, secret);
        File.Delete(path + ".new");
        using (var stream = new FileStream(path + ".new", new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite }))
        {
            stream.Write(System.Text.Encoding.UTF8.GetBytes(value));
        }

        File.Move(path + ".new", path, overwrite: true);
        return path;
    }
}
