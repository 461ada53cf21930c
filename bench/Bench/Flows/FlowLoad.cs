using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Mainstay.Core.Kinds.State;
using Mainstay.State.Decide.Flows;
using Mainstay.State.Etcd;
using Mainstay.State.Flows;

namespace Mainstay.Bench.Flows;

/// <summary>
/// Durable runs of three steps per second on a disk, with the callee in the same process: <c>flows FOLDER [RUNS [WAITING [ETCD]]]</c>. Then so many runs are left waiting for a day, and the same is measured among them. With an address of etcd the runs are there.
/// </summary>
static class FlowLoad
{
    const int AtOnce = 512;

    public static async Task<int> RunAsync(string[] args)
    {
        if (args.Length == 0)
        {
            Console.Error.WriteLine("usage: flows FOLDER [RUNS [WAITING [ETCD]]]");
            return 2;
        }

        Directory.CreateDirectory(args[0]);
        var runs = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 20_000;
        var waiting = args.Length > 2 ? int.Parse(args[2], CultureInfo.InvariantCulture) : 100_000;
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(1024);
        _ = AcceptAsync(listener);
        var way = new Uri($"http://127.0.0.1:{((IPEndPoint)listener.LocalEndPoint!).Port}");
        using var caller = new HttpFlowCaller((_, _) => way, TimeProvider.System);
        var left = new CountdownEvent(1);
        await using var engine = new FlowEngine(new() { Shared = args.Length > 3 ? new() { Store = EtcdAddress.Read(args[3], null, [])!, Epoch = 1 } : null, Path = Path.Combine(args[0], $"flows-{Environment.ProcessId}.db"), Time = TimeProvider.System, Caller = caller, OnEnded = (_, _) => left.Signal(), OnFault = (where, fault) => Console.Error.WriteLine($"{where}: {fault.Message}") });
        var three = FlowDeclared.Of(new("three", new Dictionary<string, FlowSpec> { ["three"] = new() { Steps = [Step("one"), Step("two"), Step("three")] } }));
        var day = FlowDeclared.Of(new("day", new Dictionary<string, FlowSpec> { ["day"] = new() { Steps = [new() { Name = "rest", Wait = new() { For = TimeSpan.FromDays(1) } }, Step("one")] } }));
        await MeasureAsync(engine, three, "warm", runs / 4, left);
        await MeasureAsync(engine, three, "runs of three steps", runs, left);
        await MeasureAsync(engine, day, "runs that begin to wait", waiting, null);
        await MeasureAsync(engine, three, $"runs of three steps beside {waiting} that wait", runs, left);
        Console.WriteLine($"memory {Environment.WorkingSet >> 20} MiB, managed {GC.GetTotalMemory(forceFullCollection: true) >> 20} MiB");
        return 0;
    }

    static FlowStep Step(string name) => new() { Name = name, Call = new() { To = "callee", Path = "/" + name, Body = new(JsonElement.Parse("""{"order":"{input.order}"}""")) }, Compensate = new() { To = "callee", Path = "/undo" } };

    static async Task MeasureAsync(FlowEngine engine, FlowDeclared flow, string what, int count, CountdownEvent? left)
    {
        left?.Reset(count);
        var cpu = Environment.CpuUsage.TotalTime;
        var began = Stopwatch.GetTimestamp();
        var next = -1;
        await Task.WhenAll(Enumerable.Range(0, AtOnce).Select(async _ =>
        {
            for (var i = Interlocked.Increment(ref next); i < count; i = Interlocked.Increment(ref next))
            {
                var reply = await engine.StartAsync($"{what.Length}-{began}-{i}", flow, new(JsonElement.Parse($$"""{"order":{{i}}}""")), "bench", CancellationToken.None);
                if (reply.Kind != FlowReplyKind.Done)
                {
                    throw new InvalidOperationException(reply.Problem?.What);
                }
            }
        }));
        left?.Wait();
        var took = Stopwatch.GetElapsedTime(began);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what}: {count} in {took.TotalSeconds:0.00} s = {count / took.TotalSeconds:0}/s, {(Environment.CpuUsage.TotalTime - cpu).TotalMicroseconds / count:0} µs of processor each"));
    }

    static async Task AcceptAsync(Socket listener)
    {
        while (true)
        {
            var accepted = await listener.AcceptAsync();
            accepted.NoDelay = true;
            _ = ServeAsync(accepted);
        }
    }

    // The least that is an HTTP server: a request with a body of known length, the same answer each time.
    static async Task ServeAsync(Socket client)
    {
        using var socket = client;
        var answer = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 8\r\n\r\n{\"id\":1}"u8.ToArray();
        var buffer = new byte[16 * 1024];
        var filled = 0;
        while (true)
        {
            var read = await socket.ReceiveAsync(buffer.AsMemory(filled));
            if (read == 0)
            {
                return;
            }

            filled += read;
            while (LengthOf(buffer.AsSpan(0, filled)) is var length && length > 0 && length <= filled)
            {
                buffer.AsSpan(length, filled - length).CopyTo(buffer);
                filled -= length;
                await socket.SendAsync(answer);
            }
        }
    }

    static int LengthOf(ReadOnlySpan<byte> bytes)
    {
        var head = bytes.IndexOf("\r\n\r\n"u8);
        if (head < 0)
        {
            return 0;
        }

        var at = bytes[..head].IndexOf("Content-Length: "u8);
        if (at < 0)
        {
            return head + 4;
        }

        var digits = bytes[(at + 16)..head];
        var end = digits.IndexOf((byte)'\r');
        return head + 4 + int.Parse(Encoding.ASCII.GetString(end < 0 ? digits : digits[..end]), CultureInfo.InvariantCulture);
    }
}
