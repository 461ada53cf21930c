using System.Net;
using System.Runtime;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Traffic.Path;
using Gateway = Mainstay.Traffic.Path.Gateway;

namespace Mainstay.Traffic.Drivers;

/// <summary>
/// Leads exchanges through a second gateway on free loopback ports until the runtime has compiled the path's code for good, so that the first real
/// request costs what every later one does. Only worth its time while a predecessor serves.
/// </summary>
internal static class Warmup
{
    private const int Burst = 100;

    /// <summary>The runtime optimises what was called often after a pause of 100 ms, in two steps: when nothing was compiled for longer, it is done.</summary>
    private static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(350);
    private static readonly byte[][] Requests =
    [
        "GET /warm/up HTTP/1.1\r\nHost: warm.up\r\nUser-Agent: warm\r\nAccept: */*\r\n\r\n"u8.ToArray(),
        "POST /warm/up HTTP/1.1\r\nHost: warm.up\r\nContent-Length: 4\r\n\r\nwarm"u8.ToArray(),
    ];
    private static readonly byte[] Response = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok"u8.ToArray();

    /// <summary>Returns when done or when the time is over; without effect where loopback ports cannot be had.</summary>
    public static async Task RunAsync(TransportKind kind, TimeSpan bound, TimeProvider time)
    {
        try
        {
            await WarmAsync(kind, bound, time).WaitAsync(bound + bound, time);
        }
        catch (TimeoutException)
        {
            // A machine this slow is warm enough when the first requests have passed.
        }
    }

    private static async Task WarmAsync(TransportKind kind, TimeSpan bound, TimeProvider time)
    {
        var transport = Transports.Open(kind, loops: 1);
        using var loop = transport as IDisposable;
        var free = new IPEndPoint(IPAddress.Loopback, 0);
        if (transport.Listen(free).Door is not { } door) return;
        var endpoint = AnswerAsync(door);
        await using (var gateway = new Gateway(transport, time: time))
        {
            gateway.Apply(new TableModel(
                1,
                [new ListenerModel("warm", "127.0.0.1", 0, ListenerKind.Gateway)],
                [new RouteModel("warm", new RouteSpec { Match = new RouteMatch { Path = "/warm/{**rest}" }, To = "warm" })],
                [new ClusterModel("warm", [new EndpointModel("warm", "127.0.0.1", door.At.Port)])]));
            if (gateway.AddressOf("warm") is { } at && await transport.ConnectAsync(at, new ConnectAttempt()) is { } client)
            {
                await LeadAsync(client, bound, time);
                client.Close();
            }
        }
        door.Close(forget: true);
        await endpoint;
    }

    private static async Task LeadAsync(Wire client, TimeSpan bound, TimeProvider time)
    {
        var started = time.GetTimestamp();
        var changed = started;
        var compiled = JitInfo.GetCompiledMethodCount();
        var buffer = new byte[4096];
        while (time.GetElapsedTime(started) < bound && time.GetElapsedTime(changed) < Quiet)
        {
            for (var count = 0; count < Burst; count++)
            {
                if (await client.SendAsync(Requests[count % Requests.Length]) < 0 || await client.ReceiveAsync(buffer) <= 0) return;
            }
            if (JitInfo.GetCompiledMethodCount() == compiled) continue;
            compiled = JitInfo.GetCompiledMethodCount();
            changed = time.GetTimestamp();
        }
    }

    private static async Task AnswerAsync(IDoor door)
    {
        var buffer = new byte[4096];
        if (await door.AcceptAsync() is not { } wire) return;
        while (await wire.ReceiveAsync(buffer) > 0)
        {
            if (await wire.SendAsync(Response) < 0) break;
        }
        wire.Close();
    }
}
