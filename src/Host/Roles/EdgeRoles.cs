using Mainstay.Schedule.Agent;
using Mainstay.Traffic;

namespace Mainstay.Host.Roles;

/// <summary>The two roles that stand next to the services: what they carry goes on without the server.</summary>
static class EdgeRoles
{
    public static Task<int> GatewayAsync(RoleArguments arguments, TimeProvider time, CancellationToken stop) => GatewayProcess.RunAsync(
        new GatewayOptions
        {
            DataFolder = arguments.Data.Root,
            ServerUrl = new Uri(arguments.Server),
            Token = arguments.Data.ReadToken(),
            FdStorePath = File.Exists(arguments.Data.FdSocket) ? arguments.Data.FdSocket : null,
            Transport = arguments.Transport,
            Loops = arguments.Loops,
            Id = arguments.HostName,
            Log = line => Role.Say(time, line),
        },
        time,
        stop);

    public static async Task<int> AgentAsync(RoleArguments arguments, TimeProvider time, CancellationToken stop)
    {
        var options = new AgentOptions
        {
            Host = arguments.HostName,
            DataFolder = arguments.Data.Root,
            ServerUrl = arguments.Server,
            TokenFile = arguments.Data.TokenFile,
        };
        var problem = await AgentProcess.RunAsync(options, time, stop, line => Role.Say(time, line));
        if (problem is null)
        {
            return 0;
        }

        Role.Say(time, $"{problem.What}; {problem.Remedy}");
        return 1;
    }
}
