using System.Text.Json;
using System.Text.Json.Nodes;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Host.Cli.Verbs;

namespace Mainstay.Host.Cli.Doctor;

/// <summary>Whether the processes that belong to a data folder live, and hold their ports.</summary>
static class RoleChecks
{
    static readonly string[] Roles = ["supervisor", "server", "gateway", "agent"];

    /// <summary>Findings about the roles' processes; empty where <c>up</c> never ran on the folder or was ended by <c>down</c>.</summary>
    public static IReadOnlyList<Finding> Processes(IMachine machine, string dataFolder) =>
        [.. Files(machine, dataFolder).Select(f => Process(machine, f.Role, f.Json)), .. Left(machine.RolesOf(dataFolder))];

    /// <summary>Whether a port can be had, or is held by whom it should be.</summary>
    /// <param name="machine">Where to look.</param>
    /// <param name="what">What listens, or is to listen, there.</param>
    /// <param name="url">Its address.</param>
    /// <param name="ours">Processes of which one is to listen there; empty where none is to.</param>
    public static Finding Port(IMachine machine, string what, string url, IReadOnlyCollection<int> ours)
    {
        var port = new Uri(url).Port;
        var another = what == "gateway" ? "give another with 'gateway.listen' in the manifest" : "give another with --listen";
        return machine.ListenerOn(port) switch
        {
            null when ours.Count == 0 => Finding.Ok(what, $"port {port} is free"),
            null => Finding.Bad(what, $"nothing listens on port {port}", "see its log in the data folder below logs/roles"),
            { } other when ours.Contains(other.Pid) || (ours.Count > 0 && other.Pid == 0) => Finding.Ok(what, $"listens on port {port}{Who(other)}"),
            { } other => new(what, ours.Count > 0 ? Severity.Bad : Severity.Warning, $"port {port} is taken{Who(other)}", another),
        };
    }

    public static IReadOnlyList<Finding> FreePorts(IMachine machine) =>
    [
        Port(machine, "server", UpOptions.DefaultListen, []),
        Port(machine, "gateway", Gateway.DefaultListen, []),
    ];

    /// <summary>The processes that were started on a data folder. The supervisor holds the listening sockets too.</summary>
    public static IReadOnlyCollection<int> Pids(IMachine machine, string dataFolder) =>
        [.. Files(machine, dataFolder).Select(f => Identity(f.Json).Pid).Where(p => p > 0).Concat(machine.RolesOf(dataFolder).Pids)];

    static IEnumerable<Finding> Left(RolesFound roles) => roles.Left
        ? [Finding.Bad("supervisor", $"what kept everything running has ended, but its roles ({(roles.Pids.Count == 1 ? "process" : "processes")} {string.Join(", ", roles.Pids)}) and the services run on", "take them over with 'mainstay up'")]
        : [];

    static IEnumerable<(string Role, string Json)> Files(IMachine machine, string dataFolder) =>
        Roles.Select(role => (role, machine.Read(Path.Combine(dataFolder, "run", $"{role}.json")))).Where(f => f.Item2 is not null).Select(f => (f.role, f.Item2!));

    static string Who(Listener listener) => listener.Pid > 0 ? $", by {listener.Program} (pid {listener.Pid})" : "";

    // A process id alone can have been given to somebody else since: only the same start makes it the same process.
    static Finding Process(IMachine machine, string role, string json)
    {
        var (pid, startTicks) = Identity(json);
        if (pid == 0)
        {
            return Finding.Bad(role, $"run/{role}.json in the data folder does not name a process", "run 'mainstay down', then 'mainstay up' again");
        }

        return machine.StartTicksOf(pid) is { } ticks && (startTicks is null || ticks == startTicks)
            ? Finding.Ok(role, $"runs (pid {pid})")
            : Finding.Bad(role, $"the process that was started (pid {pid}) is gone", "see its log in the data folder below logs/roles, then run 'mainstay up' again");
    }

    static (int Pid, long? StartTicks) Identity(string json)
    {
        try
        {
            var node = JsonNode.Parse(json);
            return ((int?)node?["pid"] ?? 0, (long?)node?["startTicks"]);
        }
        catch (Exception error) when (error is JsonException or FormatException or InvalidOperationException)
        {
            return (0, null);
        }
    }
}
