using Mainstay.Host.Api.Telemetry;
using Mainstay.Traffic.Drivers;

namespace Mainstay.Host.Roles;

/// <summary>What a role process is told on its command line. Written by the supervisor; read without a parser library so that a role starts fast.</summary>
sealed record RoleArguments
{
    public required DataLayout Data { get; init; }

    /// <summary>Where the Admin API is.</summary>
    public required string Server { get; init; }

    /// <summary>The same as addresses: of the server, or of several on one store, of which one leads.</summary>
    public IReadOnlyList<Uri> Servers => [.. Server.Split(',').Select(one => new Uri(one))];

    /// <summary>Where the Admin API is to listen (server).</summary>
    public string Listen { get; init; } = Api.ApiOptions.DefaultListen;

    public string? Dashboard { get; init; }

    /// <summary>The address of the store (server); null is the file in the data folder.</summary>
    public string? Store { get; init; }

    /// <summary>Where this server's member of a cluster listens (server); null is in none.</summary>
    public System.Net.IPEndPoint? Cluster { get; init; }

    /// <summary>Where telemetry is taken in (server), and what instances are told of it (agent).</summary>
    public TelemetryPorts Telemetry { get; init; } = TelemetryPorts.Standard;

    /// <summary>How the gateway reaches the network.</summary>
    public TransportKind Transport { get; init; }

    /// <summary>The gateway's event loops; 0 for one per usable processor.</summary>
    public int Loops { get; init; }

    /// <summary>The zone that this host stands in; null where that makes no difference.</summary>
    public string? Zone { get; init; }

    /// <summary>Where agents of other machines come in (server); null lets none in.</summary>
    public System.Net.IPEndPoint? Agents { get; init; }

    /// <summary>What this machine is to the others (agent).</summary>
    public MachineArguments Machine { get; init; } = new();

    /// <summary>Whether the gateway serves only when another one is gone.</summary>
    public bool StandsBy { get; init; }

    /// <summary>Name of this host.</summary>
    public string HostName { get; init; } = RoleSettings.HostName;

    /// <summary>Reads the arguments after the role's name; null with a message where they are wrong.</summary>
    public static RoleArguments? Read(IReadOnlyList<string> args, TextWriter error)
    {
        if (Given(args, error) is not { } given)
        {
            return null;
        }

        var transport = given.GetValueOrDefault("--transport") ?? Environment.GetEnvironmentVariable("MAINSTAY_TRANSPORT");
        if (Transports.Read(transport) is not { } kind)
        {
            error.WriteLine($"'{transport}' is no transport of the gateway");
            error.WriteLine("give --transport or MAINSTAY_TRANSPORT as sockets or epoll, or leave it out");
            return null;
        }

        var loops = given.GetValueOrDefault("--loops") ?? Environment.GetEnvironmentVariable("MAINSTAY_LOOPS");
        if (!int.TryParse(string.IsNullOrEmpty(loops) ? "0" : loops, out var loopCount) || loopCount is < 0 or > 1024)
        {
            error.WriteLine($"'{loops}' is no number of event loops");
            error.WriteLine("give --loops or MAINSTAY_LOOPS as a number from 1 to 1024, or leave it out for one per processor");
            return null;
        }

        var zone = given.GetValueOrDefault("--zone") ?? Environment.GetEnvironmentVariable("MAINSTAY_ZONE");
        zone = string.IsNullOrEmpty(zone) ? null : zone;
        if (zone is not null && (zone.Length > 63 || !zone.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.')))
        {
            error.WriteLine($"'{zone}' is no name of a zone");
            error.WriteLine("give --zone or MAINSTAY_ZONE as 1 to 63 letters, digits, '-', '_' and '.', or leave it out");
            return null;
        }

        var store = given.GetValueOrDefault("--store") ?? Environment.GetEnvironmentVariable("MAINSTAY_STORE");
        store = string.IsNullOrEmpty(store) ? null : store;
        if (Stores.Problems(store) is [_, ..] wrong)
        {
            wrong.ForEach(error.WriteLine);
            return null;
        }

        if (!ReadsCluster(given, store, error, out var cluster) || MachineArguments.Read(given, error) is not { } machine || TelemetryOf(given, error) is not { } telemetry)
        {
            return null;
        }

        return new RoleArguments
        {
            Store = store,
            Cluster = cluster,
            Telemetry = telemetry,
            Machine = machine,
            Agents = machine.Agents,
            Transport = kind,
            Loops = loopCount,
            StandsBy = given.ContainsKey(RoleSettings.StandBy),
            Data = new DataLayout(given.GetValueOrDefault("--data") ?? Environment.GetEnvironmentVariable("MAINSTAY_DATA") ?? DataLayout.DefaultRoot),
            Server = given.GetValueOrDefault("--server") ?? Api.ApiOptions.DefaultListen,
            Listen = given.GetValueOrDefault("--listen") ?? Api.ApiOptions.DefaultListen,
            Dashboard = given.GetValueOrDefault("--dashboard"),
            Zone = zone,
            HostName = given.GetValueOrDefault("--name") ?? RoleSettings.HostName,
        };
    }

    static bool ReadsCluster(Dictionary<string, string> given, string? store, TextWriter error, out System.Net.IPEndPoint? place)
    {
        var text = given.GetValueOrDefault("--cluster") ?? Environment.GetEnvironmentVariable("MAINSTAY_CLUSTER");
        List<string> problems = [];
        place = string.IsNullOrEmpty(text) ? null : Mainstay.Host.Cluster.ClusterPlace.Read(text, problems);
        if (place is not null && store is not null)
        {
            problems.AddRange(["--cluster and --store exclude each other", "a cluster has a store of its own; leave one out"]);
        }

        problems.ForEach(error.WriteLine);
        return problems.Count == 0;
    }

    static Dictionary<string, string>? Given(IReadOnlyList<string> args, TextWriter error)
    {
        var given = new Dictionary<string, string>(StringComparer.Ordinal);
        for (var i = 0; i < args.Count; i += 2)
        {
            if (i + 1 == args.Count || !RoleFlag.IsOne(args[i]))
            {
                error.WriteLine($"'{args[i]}' is not an option of a role, or its value is missing");
                error.WriteLine("'mainstay server --help', 'mainstay gateway --help' and 'mainstay agent --help' list them; 'mainstay up' starts all roles");
                return null;
            }

            given[args[i]] = args[i + 1];
        }

        return given;
    }

    static TelemetryPorts? TelemetryOf(Dictionary<string, string> given, TextWriter error)
    {
        var standard = TelemetryPorts.Standard;
        System.Net.IPEndPoint? grpc = standard.OtlpGrpc, http = standard.OtlpHttp, zipkin = standard.Zipkin;
        if (Reads("--otlp-grpc", ref grpc) && Reads("--otlp-http", ref http) && Reads("--zipkin", ref zipkin))
        {
            return new(grpc, http, zipkin);
        }

        return null;

        bool Reads(string flag, ref System.Net.IPEndPoint? end)
        {
            if (!given.TryGetValue(flag, out var text) || TelemetryPorts.TryRead(text, out end))
            {
                return true;
            }

            error.WriteLine($"'{text}' is no place to take telemetry in");
            error.WriteLine($"give {flag} as off, PORT or ADDRESS:PORT");
            return false;
        }
    }
}
