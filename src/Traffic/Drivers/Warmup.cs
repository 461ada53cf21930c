using System.Net;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Traffic.Path;
using Gateway = Mainstay.Traffic.Path.Gateway;

namespace Mainstay.Traffic.Drivers;

/// <summary>
/// Leads a few hundred exchanges through a second gateway on free loopback ports, so that the code of the path is compiled before the
/// first real request comes.
/// </summary>
internal static class Warmup
{
    private const int Exchanges = 300;
    private static readonly byte[] Request = "GET /warm/up HTTP/1.1\r\nHost: warm.up\r\nUser-Agent: warm\r\nAccept: */*\r\n\r\n"u8.ToArray();
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
                var started = time.GetTimestamp();
                var buffer = new byte[4096];
                for (var count = 0; count < Exchanges && time.GetElapsedTime(started) < bound; count++)
                {
                    if (await client.SendAsync(Request) < 0 || await client.ReceiveAsync(buffer) <= 0) break;
                }
                client.Close();
            }
        }
        door.Close(forget: true);
        await endpoint;
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
