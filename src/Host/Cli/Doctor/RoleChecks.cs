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
    [
        .. Roles.Select(role => (role, Json: machine.Read(Path.Combine(dataFolder, "run", $"{role}.json"))))
            .Where(r => r.Json is not null)
            .Select(r => Process(machine, r.role, r.Json!)),
    ];

    /// <summary>Whether a port can be had, or is held by whom it should be.</summary>
    /// <param name="machine">Where to look.</param>
    /// <param name="what">What listens, or is to listen, there.</param>
    /// <param name="url">Its address; null is <paramref name="otherwise"/>.</param>
    /// <param name="otherwise">The default address.</param>
    /// <param name="expected">Whether something of ours is to listen there now.</param>
    public static Finding Port(IMachine machine, string what, string? url, string otherwise, bool expected)
    {
        var port = new Uri(url ?? otherwise).Port;
        return (machine.ListenerOn(port), expected) switch
        {
            (null, false) => Finding.Ok(what, $"port {port} is free"),
            (null, true) => Finding.Bad(what, $"nothing listens on port {port}", "see its log in the data folder below logs/roles"),
            ({ } other, true) => Finding.Ok(what, $"listens on port {port}{Who(other)}"),
            ({ } other, false) => Finding.Warning(what, $"port {port} is taken{Who(other)}", what == "gateway" ? "give another with 'gateway.listen' in the manifest" : "give another with --listen"),
        };
    }

    public static IReadOnlyList<Finding> FreePorts(IMachine machine) =>
    [
        Port(machine, "server", null, UpOptions.DefaultListen, expected: false),
        Port(machine, "gateway", null, Gateway.DefaultListen, expected: false),
    ];

    static string Who(Listener listener) => listener.Pid > 0 ? $", by {listener.Program} (pid {listener.Pid})" : "";

    // A process id alone can have been given to somebody else since: only the same start makes it the same process.
    static Finding Process(IMachine machine, string role, string json)
    {
        var (pid, startTicks) = Identity(json);
        return pid > 0 && machine.StartTicksOf(pid) is { } ticks && (startTicks is null || ticks == startTicks)
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
