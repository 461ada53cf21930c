using Mainstay.Host.Api.Telemetry;

namespace Mainstay.Host.Roles;

/// <summary>What every role of one machine is started with.</summary>
/// <param name="Data">The data folder.</param>
/// <param name="Listen">Where the Admin API listens.</param>
/// <param name="Token">What clients of the Admin API show; null for none.</param>
/// <param name="Dashboard">Folder of the built dashboard; null for none.</param>
/// <param name="Telemetry">Where telemetry is taken in; no port is 0.</param>
sealed record RoleSettings(DataLayout Data, string Listen, string? Token, string? Dashboard, TelemetryPorts Telemetry)
{
    /// <summary>The address of the store; null is the file in the data folder.</summary>
    public string? Store { get; init; }

    /// <summary>Where the server's member of a cluster listens; null is in none.</summary>
    public System.Net.IPEndPoint? Cluster { get; init; }

    /// <summary>Where agents of other machines come in; null lets none in.</summary>
    public System.Net.IPEndPoint? Agents { get; init; }

    /// <summary>What starts the others, and has what they are given.</summary>
    public const string SupervisorRole = "supervisor";

    /// <summary>This host's name among the agents.</summary>
    public const string HostName = "local";

    /// <summary>The flag of a gateway that waits until another one is gone; followed by <c>yes</c>.</summary>
    public const string StandBy = "--stand-by";

    /// <summary>How a gateway is started that is warm and waits until it is needed.</summary>
    public RoleStart StartSpare()
    {
        var gateway = Start("gateway");
        return gateway with { Arguments = [.. gateway.Arguments, StandBy, "yes"] };
    }

    public RoleStart Start(string role)
    {
        var arguments = new List<string> { role, "--data", Data.Root, "--server", Listen };
        if (role == "server")
        {
            arguments.AddRange(["--listen", Listen]);
            arguments.AddRange(Dashboard is null ? [] : ["--dashboard", Dashboard]);
            arguments.AddRange(Store is null ? [] : ["--store", Store]);
            arguments.AddRange(Cluster is null ? [] : ["--cluster", Cluster.ToString()]);
            arguments.AddRange(Agents is null ? [] : ["--agents", Agents.ToString()]);
        }

        // Gateways of other machines reach this one's instances where agents reach its server.
        if (role == "agent" && Agents is not null)
        {
            arguments.AddRange(["--address", Agents.Address.ToString()]);
        }

        // All three: the server signs this host's certificate, the gateway takes in, the agent says where.
        if (Agents is not null)
        {
            arguments.AddRange(["--mesh", MeshPlace.Of(Data, Agents.Address, Agents.Port + 1).ToString()]);
        }

        if (role is "server" or "agent")
        {
            arguments.AddRange(TelemetryArguments);
        }

        var own = Environment.GetEnvironmentVariables().Cast<System.Collections.DictionaryEntry>().ToDictionary(v => (string)v.Key, v => (string?)v.Value ?? "", StringComparer.Ordinal);
        return new RoleStart(arguments, EnvironmentOf(role, own), Data.LogOf(role));
    }

    /// <summary>What tells a process of <see cref="Telemetry"/>.</summary>
    public IReadOnlyList<string> TelemetryArguments =>
    [
        "--otlp-grpc", TelemetryPorts.Write(Telemetry.OtlpGrpc), "--otlp-http", TelemetryPorts.Write(Telemetry.OtlpHttp), "--zipkin", TelemetryPorts.Write(Telemetry.Zipkin),
    ];

    /// <summary>The variables that a role is started with, of those that whoever starts it has. What starts the others has what they are given.</summary>
    internal SortedDictionary<string, string> EnvironmentOf(string role, Dictionary<string, string> own)
    {
        var env = new SortedDictionary<string, string>(own, StringComparer.Ordinal);

        // A token on a command line could be read by every user of the machine.
        env.Remove("MAINSTAY_TOKEN");
        if (role is not ("server" or SupervisorRole))
        {
            env.Remove(Stores.PasswordVariable);
            env.Remove(QueuePlaces.AddressVariable);
            env.Remove(QueuePlaces.PasswordVariable);
        }

        // What the agent has, its instances would get.
        if (role == "agent")
        {
            env.Remove(RequestPlaces.AddressVariable);
            env.Remove(RequestPlaces.PasswordVariable);
        }

        if (role is "server" or SupervisorRole && Token is not null)
        {
            env["MAINSTAY_TOKEN"] = Token;
        }

        // Continuations run on the thread that saw the socket ready: the largest single lever on the data plane's CPU per request.
        if (role == "gateway")
        {
            env["DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS"] = "1";
            // Code that has watched itself is faster for ever and starts slower: worth it for the path of every request alone.
            env.TryAdd("DOTNET_TieredPGO", "1");
            // Hexadecimal: the 100 ms that the runtime has without us.
            env.TryAdd("DOTNET_TC_CallCountingDelayMs", "64");
        }

        return env;
    }
}
