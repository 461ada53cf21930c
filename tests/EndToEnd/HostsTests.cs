using System.Diagnostics;
using Mainstay.EndToEnd.Harness;

namespace Mainstay.EndToEnd;

/// <summary>Several hosts, as network namespaces of this machine. Asked for by name: it needs root, and a machine on which namespaces can be made.</summary>
public sealed class HostsTests
{
    [Fact(Explicit = true)]
    public Task Three_hosts_join_are_cut_off_come_back_and_are_lost() => RunAsync("three-hosts.sh");

    /// <summary>Needs etcd, too.</summary>
    [Fact(Explicit = true)]
    public Task Agents_and_gateways_follow_a_new_leader() => RunAsync("two-servers.sh");

    static async Task RunAsync(string script)
    {
        var folder = Directory.CreateTempSubdirectory("mainstay-hosts-").FullName;
        var start = new ProcessStartInfo("/bin/bash", [Path.Combine(Repository.Root, "tests", "EndToEnd", script), Repository.Binary, folder]) { RedirectStandardOutput = true };
        using var process = Process.Start(start)!;
        var said = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        process.ExitCode.ShouldBe(0, said);
        Directory.Delete(folder, recursive: true);
    }
}
