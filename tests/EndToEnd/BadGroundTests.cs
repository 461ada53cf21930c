using System.Net;
using System.Net.Sockets;
using Mainstay.EndToEnd.Harness;

namespace Mainstay.EndToEnd;

/// <summary>Ports that are taken, and data folders that cannot be used.</summary>
public sealed class BadGroundTests
{
    [Fact]
    public async Task The_gateways_port_in_use()
    {
        await using var mainstay = new Installation();
        using var holder = Hold(mainstay.GatewayPort);

        var outcome = await mainstay.TryUpAsync(Manifest(mainstay));

        ShouldExplain(outcome, $"the gateway cannot listen on 127.0.0.1:{mainstay.GatewayPort}", "gateway: { listen");
        mainstay.Processes().ShouldBeEmpty();
    }

    [Fact]
    public async Task The_Admin_APIs_port_in_use()
    {
        await using var mainstay = new Installation();
        using var holder = Hold(mainstay.ApiPort);

        var outcome = await mainstay.TryUpAsync(Manifest(mainstay));

        ShouldExplain(outcome, $"the Admin API cannot listen on 127.0.0.1:{mainstay.ApiPort}", "--listen");
        mainstay.Processes().ShouldBeEmpty();
    }

    [Fact]
    public async Task A_second_up_on_the_same_data_leaves_the_first_alone()
    {
        await using var mainstay = new Installation();
        await mainstay.UpAsync(mainstay.Echoes().With("a", new()).Text("a"));
        var before = await mainstay.ConvergedAsync();
        // The last process that comes by itself.
        await mainstay.SpareReadyAsync();
        var processes = mainstay.Processes();

        var outcome = await mainstay.TryUpAsync(Manifest(mainstay));

        ShouldExplain(outcome, $"another 'mainstay up' runs on {mainstay.Data} (process {mainstay.Role("supervise")})", "mainstay apply");
        mainstay.Processes().Order().ShouldBe(processes.Order());
        (await mainstay.ConvergedAsync()).Pids.ShouldBe(before.Pids, ignoreOrder: true);
        (await mainstay.AskAsync("/")).ShouldNotBeNull();
    }

    [Fact]
    public async Task A_file_in_place_of_the_data_folder()
    {
        await using var mainstay = new Installation();
        File.WriteAllText(mainstay.Data, "a file");

        var outcome = await mainstay.TryUpAsync(Manifest(mainstay));

        ShouldExplain(outcome, $"the data folder {mainstay.Data}", "--data");
        File.ReadAllText(mainstay.Data).ShouldBe("a file");
        mainstay.Processes().ShouldBeEmpty();
    }

    [Fact]
    public async Task A_data_folder_that_is_read_only()
    {
        await using var disk = await SmallDisk.MountAsync("ro");
        await using var mainstay = new Installation(Path.Combine(disk.Path, "data"));

        var outcome = await mainstay.TryUpAsync(Manifest(mainstay));

        ShouldExplain(outcome, $"the data folder {mainstay.Data} cannot be written", "--data");
        mainstay.Processes().ShouldBeEmpty();
    }

    [Fact]
    public async Task A_data_folder_that_is_full()
    {
        await using var disk = await SmallDisk.MountAsync("size=64k");
        disk.Fill();
        await using var mainstay = new Installation(Path.Combine(disk.Path, "data"));

        var outcome = await mainstay.TryUpAsync(Manifest(mainstay));

        ShouldExplain(outcome, $"the data folder {mainstay.Data} cannot be written", "make room");
        mainstay.Processes().ShouldBeEmpty();
    }

    [Fact]
    public async Task A_data_folder_with_next_to_no_room()
    {
        await using var disk = await SmallDisk.MountAsync("size=64k");
        await using var mainstay = new Installation(Path.Combine(disk.Path, "data"));

        var outcome = await mainstay.TryUpAsync(Manifest(mainstay));

        ShouldExplain(outcome, $"the data folder {mainstay.Data} cannot be written: its disk has", "make room");
        mainstay.Processes().ShouldBeEmpty();
    }

    [Fact]
    public async Task A_data_folder_that_gets_full_refuses_changes_and_serves_on()
    {
        await using var disk = await SmallDisk.MountAsync("size=64m");
        await using var mainstay = new Installation(Path.Combine(disk.Path, "data"));
        await mainstay.UpAsync(mainstay.Echoes().With("a", new()).Text("a"));
        var before = await mainstay.ConvergedAsync();
        await using var load = Load.Get(mainstay.Gateway, perSecond: 40);
        disk.Fill();

        var two = mainstay.Write("two.yaml", mainstay.Echoes().With("a", new() { Version = "2.0.0" }).Text("a"));
        var refused = await mainstay.RunAsync("apply", two);
        refused.ShouldBe(1);
        refused.Error.ShouldContain("full", Case.Insensitive);
        (await mainstay.StatusAsync()).Architecture!.Version.ShouldBe(before.Architecture!.Version);

        disk.Free();
        (await mainstay.RunAsync("apply", two, "--wait")).ShouldBe(0);
        (await mainstay.ConvergedAsync())["a"].Version.ShouldBe("2.0.0");
        await load.AnsweredAsync(20);
        await load.ShouldHaveLostNothingAsync(() => mainstay.Logs());
    }

    static string Manifest(Installation mainstay) => mainstay.Write("other.yaml", mainstay.Echoes().With("b", new()).Text("b"));

    static void ShouldExplain(Outcome outcome, string what, string remedy)
    {
        outcome.ShouldBe(1);
        outcome.ErrorLines.Count.ShouldBeGreaterThanOrEqualTo(2, outcome.ToString());
        outcome.ErrorLines[0].ShouldContain(what, customMessage: outcome.ToString());
        outcome.ErrorLines[1].ShouldContain(remedy, customMessage: outcome.ToString());
    }

    static Socket Hold(int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
        socket.Listen();
        return socket;
    }
}
