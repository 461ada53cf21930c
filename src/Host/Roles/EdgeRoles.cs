using Mainstay.Core.Kinds;
using Mainstay.Host.Security;
using Mainstay.Observe.Collect.Processes;
using Mainstay.Observe.Drivers;
using Mainstay.Observe.Store.Metrics;
using Mainstay.Schedule.Agent;
using Mainstay.Traffic;
using Mainstay.Traffic.Path.Mesh;

namespace Mainstay.Host.Roles;

/// <summary>The two roles that stand next to the services: what they carry goes on without the server.</summary>
static class EdgeRoles
{
    public static Task<int> GatewayAsync(RoleArguments arguments, TimeProvider time, CancellationToken stop) => GatewayProcess.RunAsync(
        new GatewayOptions
        {
            DataFolder = arguments.Data.Root,
            ServerUrl = arguments.Servers[0],
            OtherServers = [.. arguments.Servers.Skip(1)],
            Token = arguments.Data.ReadToken(),
            Tls = TlsOf(arguments, time),
            FdStorePath = File.Exists(arguments.Data.FdSocket) ? arguments.Data.FdSocket : null,
            StandsBy = arguments.StandsBy,
            Transport = arguments.Transport,
            Loops = arguments.Loops,
            Id = arguments.HostName,
            Zone = arguments.Zone,
            Mesh = MeshOf(arguments, time),
            OpenRequests = () => RequestPlaces.Open(arguments.Data, time),
            Log = line => Role.Say(time, line),
        },
        time,
        stop);

    public static async Task<int> AgentAsync(RoleArguments arguments, TimeProvider time, CancellationToken stop)
    {
        if (arguments.Machine.Join is { Count: > 0 } doors)
        {
            return await JoinedMachine.RunAsync(arguments, doors, time, stop);
        }

        var options = new AgentOptions
        {
            Host = arguments.HostName,
            Zone = arguments.Zone,
            DataFolder = arguments.Data.Root,
            ServerUrl = arguments.Servers[0].GetLeftPart(UriPartial.Authority),
            OtherServers = [.. arguments.Servers.Skip(1)],
            TokenFile = arguments.Data.TokenFile,
            Tls = TlsOf(arguments, time),
            Address = arguments.Machine.Address?.ToString() ?? "127.0.0.1",
            Mesh = arguments.Machine.Mesh?.ToString(),
            Labels = arguments.Machine.Labels,
            Capacity = arguments.Machine.Capacity,
            Machine = MachineArguments.Found,
            Running = new(),
            Containers = AgentProcess.ContainerSocket(Environment.GetEnvironmentVariable),
            Telemetry = arguments.Telemetry.Variables(),
        };
        using var over = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var collecting = CollectAsync(options, options.Running, time, over.Token);
        var problem = await AgentProcess.RunAsync(options, time, stop, line => Role.Say(time, line));
        await over.CancelAsync();
        await collecting;
        if (problem is null)
        {
            return 0;
        }

        Role.Say(time, $"{problem.What}; {problem.Remedy}");
        return 1;
    }

    static MeshTerms? MeshOf(RoleArguments arguments, TimeProvider time)
    {
        var (identity, authority) = new NodeCredentials(arguments.Data.Node, time).Files;
        return arguments.Machine.Mesh is { } at ? new(arguments.HostName, at.Address.ToString(), at.Port, identity, authority) : null;
    }

    // A server on another machine is known by what this one has joined with.
    static System.Net.Security.SslClientAuthenticationOptions? TlsOf(RoleArguments arguments, TimeProvider time) =>
        arguments.Server.StartsWith("https:", StringComparison.Ordinal) ? new NodeCredentials(arguments.Data.Node, time).Tls() : null;

    // What the agent starts is sampled next to it: the planes do not know each other.
    static async Task CollectAsync(AgentOptions options, RunningInstances running, TimeProvider time, CancellationToken stop)
    {
        void Fault(string where, Exception fault) => Role.Say(time, $"{where}: {fault.Message}");
        using var server = new ServerLink(options);
        using var machine = new LinuxMachine();
        var shipper = new MetricShipper(
            async (body, ended) =>
            {
                using var answer = await server.CallAsync(HttpMethod.Post, "metrics", body, ended);
                return Codec.Decode<BatchResult>(await answer.Content.ReadAsByteArrayAsync(ended));
            },
            time) { OnFault = Fault };
        IReadOnlyList<WatchedInstance> Watched() => [.. running.Now().Select(i => new WatchedInstance(i.Name, i.Service, i.Version, i.Pid, i.StartedAt, i.Restarts))];
        await using var runtimes = new RuntimeWatch(machine, options.Host) { OnFault = Fault };
        var collector = new Collector(machine, options.Host, Watched, shipper, time) { OnFault = Fault, Runtimes = runtimes };
        await Task.WhenAll(Task.Run(() => collector.RunAsync(stop), CancellationToken.None), Task.Run(() => shipper.RunAsync(stop), CancellationToken.None));
    }
}
