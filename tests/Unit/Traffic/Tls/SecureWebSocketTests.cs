using System.Net.WebSockets;
using System.Text;
using Microsoft.AspNetCore.Http;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Traffic.Tls;

/// <summary>WebSocket with a real client over TLS to a real server.</summary>
public sealed class SecureWebSocketTests : IDisposable
{
    readonly TestAuthority authority = new();

    public void Dispose() => authority.Dispose();

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task A_conversation_passes_both_ways_and_ends_with_a_handshake(string version)
    {
        await using var endpoint = await KestrelEndpoint.StartAsync(EchoAsync, webSockets: true);
        await using var gateway = new GatewayUnderTest([endpoint.Endpoint()], tls: authority.Terms(authority.Issue("one", "a.test")));
        using var client = new ClientWebSocket();
        using var handler = new SocketsHttpHandler { UseProxy = false, SslOptions = { RemoteCertificateValidationCallback = static (_, shown, _, _) => shown is not null } };
        using var invoker = new HttpMessageInvoker(handler);
        client.Options.HttpVersion = new Version(version);
        client.Options.HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact;
        using var limit = new CancellationTokenSource(RawPeer.Patience, TimeProvider.System);
        await client.ConnectAsync(new Uri($"wss://{gateway.Secure}/talk"), invoker, limit.Token);
        var buffer = new byte[100_000];
        foreach (var size in new[] { 1, 1000, 70_000 })
        {
            var text = new string('w', size);
            await client.SendAsync(Encoding.ASCII.GetBytes(text), WebSocketMessageType.Text, endOfMessage: true, limit.Token);
            var length = 0;
            while (true)
            {
                var part = await client.ReceiveAsync(buffer.AsMemory(length), limit.Token);
                length += part.Count;
                if (part.EndOfMessage) break;
            }
            Encoding.ASCII.GetString(buffer, 0, length).ShouldBe(text);
        }
        await client.CloseAsync(WebSocketCloseStatus.NormalClosure, "done", limit.Token);
        client.CloseStatusDescription.ShouldBe("done");
    }

    static async Task EchoAsync(HttpContext context)
    {
        using var socket = await context.WebSockets.AcceptWebSocketAsync();
        var buffer = new byte[100_000];
        while (true)
        {
            var part = await socket.ReceiveAsync(buffer.AsMemory(), context.RequestAborted);
            if (part.MessageType == WebSocketMessageType.Close)
            {
                await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, socket.CloseStatusDescription, CancellationToken.None);
                return;
            }
            await socket.SendAsync(buffer.AsMemory(0, part.Count), part.MessageType, part.EndOfMessage, context.RequestAborted);
        }
    }
}
