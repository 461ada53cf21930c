using System.Net;
using System.Net.Sockets;
using System.Text;
using Mainstay.Tests.Traffic;
using Mainstay.Traffic.Drivers;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Conformance;

/// <summary>What <see cref="Wire"/>, <see cref="ITransport"/> and <see cref="IDoor"/> promise; each transport inherits it.</summary>
public abstract class WireConformance(TransportKind kind)
{
    static readonly IPEndPoint Free = new(IPAddress.Loopback, 0);
    readonly ITransport transport = OnBothTransports.Of(kind);

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("::1")]
    public async Task Bytes_pass_both_ways_and_the_peer_is_known(string address)
    {
        var door = transport.Listen(new IPEndPoint(IPAddress.Parse(address), 0)).Door!;
        var accepting = AcceptAsync(door);
        var here = (await transport.ConnectAsync(door.At, new ConnectAttempt()))!;
        var there = (await accepting)!;
        here.Peer.ShouldBe(door.At);
        there.Peer!.Address.ShouldBe(door.At.Address);
        (await here.SendAsync("ping"u8.ToArray())).ShouldBe(4);
        (await ReceiveAsync(there, 4)).ShouldBe("ping");
        (await there.SendAsync("pong"u8.ToArray())).ShouldBe(4);
        (await ReceiveAsync(here, 4)).ShouldBe("pong");
        here.Close();
        (await there.ReceiveAsync(new byte[9])).ShouldBe(0);
        there.Close();
        door.Close(forget: true);
    }

    [Fact]
    public async Task A_direction_that_ended_leaves_the_other_open()
    {
        await using var pair = await PairAsync();
        pair.Peer.Socket.Shutdown(SocketShutdown.Send);
        (await pair.Wire.ReceiveAsync(new byte[9])).ShouldBe(0);
        (await pair.Wire.ReceiveAsync(new byte[9])).ShouldBe(0);
        pair.Wire.IsEnded.ShouldBeTrue();
        (await pair.Wire.SendAsync("still"u8.ToArray())).ShouldBe(5);
        (await pair.Peer.ReadAsync(5)).ShouldBe("still");
        pair.Wire.EndSending();
        (await pair.Peer.ReadToEndAsync()).ShouldBe("");
    }

    [Fact]
    public async Task After_our_end_the_peer_may_go_on()
    {
        await using var pair = await PairAsync();
        pair.Wire.EndSending();
        (await pair.Peer.ReadToEndAsync()).ShouldBe("");
        await pair.Peer.SendAsync("more");
        (await ReceiveAsync(pair.Wire, 4)).ShouldBe("more");
    }

    [Fact]
    public async Task A_reset_is_seen_on_the_other_side()
    {
        await using var first = await PairAsync();
        var receiving = first.Wire.ReceiveAsync(new byte[9]);
        first.Peer.Socket.LingerState = new LingerOption(true, 0);
        first.Peer.Socket.Dispose();
        (await receiving).ShouldBe(Wire.Broken);
        (await first.Wire.SendAsync(new byte[9])).ShouldBe(Wire.Broken);
        first.Wire.IsReadable.ShouldBeTrue();

        await using var second = await PairAsync();
        second.Wire.Close(reset: true);
        (await Should.ThrowAsync<SocketException>(second.Peer.ReadToEndAsync)).SocketErrorCode.ShouldBe(SocketError.ConnectionReset);
    }

    [Fact]
    public async Task What_a_slow_reader_does_not_take_is_held_back_and_arrives_whole()
    {
        await using var pair = await PairAsync();
        var bytes = new byte[16 * 1024 * 1024];
        for (var index = 0; index < bytes.Length; index++) bytes[index] = (byte)(index * 31 >> 8);
        var sending = pair.Wire.SendAsync(bytes).AsTask();
        var taken = new byte[bytes.Length];
        await pair.Peer.Socket.ReceiveAsync(taken.AsMemory(0, 1), SocketFlags.Peek);
        sending.IsCompleted.ShouldBeFalse();
        for (var got = 0; got < taken.Length;) got += await pair.Peer.Socket.ReceiveAsync(taken.AsMemory(got, Math.Min(50_000, taken.Length - got)));
        (await sending).ShouldBe(bytes.Length);
        taken.AsSpan().SequenceEqual(bytes).ShouldBeTrue();
    }

    [Fact]
    public async Task Closing_from_another_thread_breaks_what_is_pending()
    {
        await using var pair = await PairAsync();
        var receiving = pair.Wire.ReceiveAsync(new byte[9]).AsTask();
        var sending = pair.Wire.SendAsync(new byte[16 * 1024 * 1024]).AsTask();
        await Task.Run(() => pair.Wire.Close());
        (await receiving).ShouldBe(Wire.Broken);
        (await sending).ShouldBe(Wire.Broken);
        (await pair.Wire.ReceiveAsync(new byte[9])).ShouldBe(Wire.Broken);
        (await pair.Wire.SendAsync(new byte[9])).ShouldBe(Wire.Broken);
        pair.Wire.IsReadable.ShouldBeTrue();
        pair.Wire.EndSending();
        pair.Wire.StopReceiving();
        pair.Wire.Close();
    }

    [Fact]
    public async Task A_close_that_races_with_a_receive_ends_it_once()
    {
        for (var round = 0; round < 300; round++)
        {
            await using var pair = await PairAsync();
            var send = pair.Peer.Socket.SendAsync(new byte[3]);
            var close = Task.Run(() => pair.Wire.Close());
            (await pair.Wire.ReceiveAsync(new byte[9])).ShouldBeOneOf(Wire.Broken, 3);
            await close;
            (await pair.Wire.ReceiveAsync(new byte[9])).ShouldBe(Wire.Broken);
            await send;
        }
    }

    [Fact]
    public async Task Receiving_that_is_stopped_returns_what_is_there_and_then_the_end()
    {
        await using var pair = await PairAsync();
        var receiving = pair.Wire.ReceiveAsync(new byte[9]).AsTask();
        await Task.Run(pair.Wire.StopReceiving);
        (await receiving).ShouldBe(0);
        (await pair.Wire.SendAsync("word"u8.ToArray())).ShouldBe(4);
        (await pair.Peer.ReadAsync(4)).ShouldBe("word");
    }

    [Fact]
    public async Task Waiting_without_a_buffer_may_be_given_up_for_a_receive()
    {
        await using var pair = await PairAsync();
        if (!pair.Wire.WaitsWithoutBuffer)
        {
            (await pair.Wire.ReadableAsync()).ShouldBe(0);
            return;
        }
        var waiting = pair.Wire.ReadableAsync().AsTask();
        waiting.IsCompleted.ShouldBeFalse();
        await pair.Peer.SendAsync("a");
        (await waiting).ShouldBe(0);
        (await ReceiveAsync(pair.Wire, 1)).ShouldBe("a");

        // From a flow that lives with the wire, as the path's do.
        var echo = EchoAsync(pair.Wire);
        await pair.Peer.SendAsync("b");
        (await pair.Peer.ReadAsync(1)).ShouldBe("b");
        pair.Peer.Socket.Shutdown(SocketShutdown.Send);
        (await echo).ShouldBe(0);

        static async Task<int> EchoAsync(Wire wire)
        {
            var buffer = new byte[9];
            while (true)
            {
#pragma warning disable CA2012 // Given up on purpose.
                _ = wire.ReadableAsync();
#pragma warning restore CA2012
                var received = await wire.ReceiveAsync(buffer);
                if (received <= 0) return received;
                await wire.SendAsync(buffer.AsMemory(0, received));
            }
        }
    }

    [Fact]
    public async Task Readable_and_ended_are_told_apart()
    {
        await using var pair = await PairAsync();
        pair.Wire.IsReadable.ShouldBeFalse();
        pair.Wire.IsEnded.ShouldBeFalse();
        await pair.Peer.SendAsync("ab");
        pair.Peer.Socket.Shutdown(SocketShutdown.Send);
        (await ReceiveAsync(pair.Wire, 1)).ShouldBe("a");
        pair.Wire.IsReadable.ShouldBeTrue();
        pair.Wire.IsEnded.ShouldBeFalse();
        (await ReceiveAsync(pair.Wire, 1)).ShouldBe("b");
        (await pair.Wire.ReceiveAsync(new byte[1])).ShouldBe(0);
        pair.Wire.IsEnded.ShouldBeTrue();
    }

    [Fact]
    public async Task A_refused_connect_returns_nothing()
    {
        (await transport.ConnectAsync(new IPEndPoint(IPAddress.Loopback, RawUpstream.DeadPort()), new ConnectAttempt())).ShouldBeNull();
        var attempt = new ConnectAttempt();
        attempt.GiveUp();
        var door = transport.Listen(Free).Door!;
        // It may have succeeded before it could be given up; then it is closed.
        if (await transport.ConnectAsync(door.At, attempt) is { } wire) (await wire.ReceiveAsync(new byte[1])).ShouldBe(Wire.Broken);
        door.Close(forget: true);
    }

    [Fact]
    public async Task A_connect_into_a_black_hole_can_be_given_up()
    {
        // A full backlog: the kernel drops what comes then.
        using var hole = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        hole.Bind(Free);
        hole.Listen(0);
        var at = (IPEndPoint)hole.LocalEndPoint!;
        var fillers = new List<Wire>();
        for (var filled = false; !filled;)
        {
            var attempt = new ConnectAttempt(transport.Lanes - 1);
            var connecting = transport.ConnectAsync(at, attempt).AsTask();
            // The one that does not come back within a moment is the one to give up; a slow machine only gives up earlier.
            filled = await Task.WhenAny(connecting, Task.Delay(TimeSpan.FromMilliseconds(300), TimeProvider.System)) != connecting;
            if (filled) attempt.GiveUp();
            if (await connecting.WaitAsync(RawPeer.Patience, TimeProvider.System) is { } wire) fillers.Add(wire);
            else filled.ShouldBeTrue();
        }
        foreach (var wire in fillers) wire.Close();
    }

    [Fact]
    public async Task Thousands_of_short_connections_come_and_go()
    {
        var door = transport.Listen(Free).Door!;
        for (var lane = 0; lane < door.Lanes; lane++) _ = ServeAsync(door, lane);
        var buffer = new byte[9];
        for (var count = 0; count < 3000; count++)
        {
            var wire = (await transport.ConnectAsync(door.At, new ConnectAttempt(count % transport.Lanes)))!;
            wire.Lane.ShouldBe(count % transport.Lanes);
            (await wire.SendAsync("x"u8.ToArray())).ShouldBe(1);
            (await wire.ReceiveAsync(buffer)).ShouldBe(1);
            (await wire.ReceiveAsync(buffer)).ShouldBe(0);
            // Whoever closes first keeps the port for a minute: it is the server.
            wire.Close();
        }
        door.Close(forget: true);

        static async Task ServeAsync(IDoor door, int lane)
        {
            while (await door.AcceptAsync(lane) is { } wire) _ = AnswerAsync(wire);
        }

        static async Task AnswerAsync(Wire wire)
        {
            var buffer = new byte[9];
            await wire.SendAsync(buffer.AsMemory(0, await wire.ReceiveAsync(buffer)));
            wire.Close();
        }
    }

    [Fact]
    public async Task A_flood_on_one_wire_does_not_keep_another_waiting()
    {
        await using var flood = await PairAsync();
        await using var other = await PairAsync();
        using var stop = new CancellationTokenSource();
        var sending = Task.Run(async () =>
        {
            var bytes = new byte[64 * 1024];
            while (!stop.IsCancellationRequested) await flood.Peer.Socket.SendAsync(bytes);
            flood.Peer.Socket.Shutdown(SocketShutdown.Send);
        });
        var flows = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var drained = Task.Run(() => DrainAsync(flood.Wire, flows));
        await flows.Task.WaitAsync(RawPeer.Patience, TimeProvider.System);
        for (var count = 0; count < 50; count++)
        {
            await other.Peer.SendAsync("x");
            (await ReceiveAsync(other.Wire, 1)).ShouldBe("x");
        }
        drained.IsCompleted.ShouldBeFalse();
        await stop.CancelAsync();
        await sending;
        (await drained).ShouldBeGreaterThan(1024 * 1024);

        static async Task<long> DrainAsync(Wire wire, TaskCompletionSource flows)
        {
            var buffer = new byte[1024];
            var total = 0L;
            while (await wire.ReceiveAsync(buffer) is > 0 and var received)
            {
                total += received;
                if (total > 1024 * 1024) flows.TrySetResult();
            }
            return total;
        }
    }

    [Fact]
    public async Task A_closed_door_accepts_nothing_and_refuses()
    {
        var door = transport.Listen(Free).Door!;
        var accepting = Enumerable.Range(0, door.Lanes).Select(lane => door.AcceptAsync(lane).AsTask()).ToList();
        transport.Listen(door.At).Error.ShouldNotBeNull();
        door.Close(forget: true);
        foreach (var one in accepting) (await one).ShouldBeNull();
        await Should.ThrowAsync<SocketException>(() => RawPeer.ConnectAsync(door.At));
        var again = transport.Listen(door.At);
        again.Error.ShouldBeNull();
        again.Door!.Close(forget: true);
    }

    async Task<Pair> PairAsync()
    {
        var door = transport.Listen(Free).Door!;
        var accepting = AcceptAsync(door);
        var peer = await RawPeer.ConnectAsync(door.At);
        var wire = (await accepting)!;
        door.Close(forget: true);
        return new Pair(wire, peer);
    }

    /// <summary>The next connection of any lane, once per door.</summary>
    static async Task<Wire?> AcceptAsync(IDoor door)
    {
        var first = new TaskCompletionSource<Wire?>();
        for (var lane = 0; lane < door.Lanes; lane++) _ = FromAsync(lane);
        return await first.Task.WaitAsync(RawPeer.Patience, TimeProvider.System);

        async Task FromAsync(int lane)
        {
            var wire = await door.AcceptAsync(lane);
            if (!first.TrySetResult(wire)) wire?.Close();
        }
    }

    static async Task<string> ReceiveAsync(Wire wire, int bytes)
    {
        var buffer = new byte[bytes];
        for (var got = 0; got < bytes;)
        {
            var received = await wire.ReceiveAsync(buffer.AsMemory(got)).AsTask().WaitAsync(RawPeer.Patience, TimeProvider.System);
            if (received <= 0) throw new IOException($"The stream ended or broke after {got} of {bytes} bytes.");
            got += received;
        }
        return Encoding.ASCII.GetString(buffer);
    }

    sealed class Pair(Wire wire, RawPeer peer) : IAsyncDisposable
    {
        public Wire Wire => wire;

        public RawPeer Peer => peer;

        public ValueTask DisposeAsync()
        {
            wire.Close();
            peer.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}

public sealed class SocketWires() : WireConformance(TransportKind.Sockets);

public sealed class EpollWires() : WireConformance(TransportKind.Epoll);
