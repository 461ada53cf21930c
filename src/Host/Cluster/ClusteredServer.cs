using Mainstay.Core.Store;
using Mainstay.Host.Roles;

namespace Mainstay.Host.Cluster;

/// <summary>The server's role with its member of a cluster: the member is kept while the server stands by as well as while it leads.</summary>
static class ClusteredServer
{
    /// <summary>
    /// As <see cref="ServerRole.RunAsync"/>. A server that was asked to end ends its member too; one that lost the lead leaves it running, and finds it there
    /// when it is started again.
    /// </summary>
    public static async Task<int> RunAsync(RoleArguments arguments, System.Net.IPEndPoint end, TimeProvider time, CancellationToken stop)
    {
        void Say(string line) => Role.Say(time, line);
        var place = new ClusterPlace(ClusterPlace.NameOf(arguments.HostName), end);
        try
        {
            await using var cluster = await ClusterKeeper.StartAsync(place, arguments.Machine.Join is [var door, ..] ? door : null, arguments.Machine.Token, arguments.Data, time, Say, stop);
            using var member = CancellationTokenSource.CreateLinkedTokenSource(stop, cluster.Over);
            try
            {
                var code = await ServerRole.RunAsync(arguments, time, member.Token, cluster);
                return cluster.Why is null ? code : 1;
            }
            catch (Exception broken) when (cluster.Why is not null && broken is OperationCanceledException or StoreUnavailableException)
            {
                return 1;
            }
            finally
            {
                cluster.StopsMember = stop.IsCancellationRequested;
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return 0;
        }
    }
}
