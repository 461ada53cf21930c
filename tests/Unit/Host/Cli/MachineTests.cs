using System.Net;
using System.Net.Sockets;
using Mainstay.Host.Cli.Doctor;
using Mainstay.Schedule.Drivers;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Host.Cli;

public class MachineTests
{
    readonly ThisMachine machine = new(TimeProvider.System);

    [Fact]
    public void A_listening_socket_is_told_from_a_connected_one()
    {
        const string Table = """
              sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
               0: 0100007F:1B9E 0100007F:A000 01 00000000:00000000 00:00000000 00000000     0        0 111 1 0 20 4 30 10 -1
               1: 0100007F:1B9E 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 222 1 0 100 0 0 10 0
            """;
        ProcNet.ListenerInode(Table, 7070).ShouldBe("222");
        ProcNet.ListenerInode(Table, 7071).ShouldBeNull();
        ProcNet.ListenerInode("", 7070).ShouldBeNull();
    }

    [Fact]
    public void Addresses_of_both_families_are_read_and_other_lines_are_passed_over()
    {
        const string Table = """
              sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
               0: 00000000000000000000000001000000:0BB8 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0
               1: 0000000000000000FFFF00000100007F:0BB9 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 2 1 0 100 0 0 10 0
               2: 0700000A:0BBA 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 3 1 0 100 0 0 10 0
               3: 0700000A:10BBA 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4 1 0 100 0 0 10 0
               4: 0700000Z:0BBA 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 5 1 0 100 0 0 10 0
               5: 0700:0BBA 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 6 1 0 100 0 0 10 0
               6: 0700000A:0BBA 00000000:0000 0A
            """;
        ProcNet.Listeners(Table).Select(l => $"{l.At} {l.Inode}").ShouldBe(["[::1]:3000 1", "[::ffff:127.0.0.1]:3001 2", "10.0.0.7:3002 3"]);
    }

    [Fact]
    public void Who_listens_on_a_port_is_found()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        machine.ListenerOn(((IPEndPoint)listener.LocalEndpoint).Port)!.Pid.ShouldBe(Environment.ProcessId);
    }

    [Fact]
    public void This_process_has_a_start_and_a_limit_and_no_process_has_none()
    {
        machine.StartTicksOf(Environment.ProcessId).ShouldNotBeNull().ShouldBeGreaterThan(0);
        machine.StartTicksOf(int.MaxValue).ShouldBeNull();
        machine.OpenFilesLimit.ShouldNotBeNull().ShouldBeGreaterThan(0);
    }

    [Fact]
    public async Task Programs_tell_their_first_line_and_those_that_fail_or_are_missing_nothing()
    {
        (await machine.FirstLineOfAsync("echo", "10.0.100", TestContext.Current.CancellationToken)).ShouldBe("10.0.100");
        (await machine.FirstLineOfAsync("false", "", TestContext.Current.CancellationToken)).ShouldBeNull();
        (await machine.FirstLineOfAsync("no-such-program", "", TestContext.Current.CancellationToken)).ShouldBeNull();
    }

    [Fact]
    public void A_folder_that_is_missing_is_judged_by_the_one_above()
    {
        var folder = Directory.CreateTempSubdirectory("mainstay-machine-").FullName;
        try
        {
            var facts = machine.Folder(Path.Combine(folder, "data/deep"));
            facts.Error.ShouldBeNull();
            facts.FreeBytes.ShouldBeGreaterThan(0);
            Directory.EnumerateFileSystemEntries(folder).ShouldBeEmpty();
        }
        finally
        {
            Directory.Delete(folder);
        }

        machine.Folder("/proc/nothing").Error.ShouldNotBeNull();
    }
}
