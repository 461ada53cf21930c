using System.Runtime.InteropServices;
using Mainstay.Core.Store;

namespace Mainstay.Host.Roles;

/// <summary>Runs one role in this process, until it is asked to end.</summary>
static class Role
{
    /// <summary>Whether the word is a role's name.</summary>
    public static bool IsRole(string word) => word is "server" or "gateway" or "agent";

    /// <summary>Runs a role; gives the exit code: 0 after an orderly end, 1 where it cannot run, 2 for wrong arguments.</summary>
    public static async Task<int> RunAsync(string role, IReadOnlyList<string> args, CancellationToken stop = default)
    {
        // Its log lies on the disk that may be full.
        Console.SetError(new LossyWriter(Console.Error));
        if (RoleArguments.Read(args, Console.Error) is not { } arguments)
        {
            return 2;
        }

        using var ending = CancellationTokenSource.CreateLinkedTokenSource(stop);
        void End(PosixSignalContext signal)
        {
            signal.Cancel = true;
            ending.Cancel();
        }

        using var term = PosixSignalRegistration.Create(PosixSignal.SIGTERM, End);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, End);
        try
        {
            arguments.Data.Make();
            return role switch
            {
                "server" when arguments.Cluster is { } end => await Cluster.ClusteredServer.RunAsync(arguments, end, TimeProvider.System, ending.Token),
                "server" => await ServerRole.RunAsync(arguments, TimeProvider.System, ending.Token),
                "gateway" => await EdgeRoles.GatewayAsync(arguments, TimeProvider.System, ending.Token),
                _ => await EdgeRoles.AgentAsync(arguments, TimeProvider.System, ending.Token),
            };
        }
        catch (Exception refused) when (refused is StoreUnavailableException or IOException or UnauthorizedAccessException)
        {
            Say(TimeProvider.System, refused.Message);
            return 1;
        }
    }

    /// <summary>A line for the role's log.</summary>
    public static void Say(TimeProvider time, string line) => Console.Error.WriteLine($"{time.GetUtcNow():yyyy-MM-ddTHH:mm:ss.fffZ} {line}");
}
