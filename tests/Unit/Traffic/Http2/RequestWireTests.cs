using System.Net;
using System.Text;
using Mainstay.Traffic.Drivers.Http2;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Traffic.Http2;

/// <summary>An endpoint that answers without wanting the body, at whatever moment: what it answers is what counts.</summary>
public sealed class RequestWireTests
{
    [Theory]
    [InlineData(Refused.AtTheHead)]
    [InlineData(Refused.AtTheBody)]
    public async Task An_answer_is_received_where_the_body_was_refused(Refused refused)
    {
        using var invoker = new HttpMessageInvoker(new Refusing(refused));
        var wire = new RequestWire(invoker, new Uri("http://127.0.0.1:1"), keepsHost: true, new IPEndPoint(IPAddress.Loopback, 1));

        (await wire.SendAsync("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello"u8.ToArray()).AsTask().WaitAsync(RawPeer.Patience, TimeProvider.System)).ShouldBeLessThan(0);

        var into = new byte[1000];
        var received = await wire.ReceiveAsync(into).AsTask().WaitAsync(RawPeer.Patience, TimeProvider.System);
        Encoding.ASCII.GetString(into, 0, received).ShouldStartWith("HTTP/1.1 401 ");
        wire.Close();
    }

    public enum Refused
    {
        AtTheHead,
        AtTheBody,
    }

    /// <summary>Answers, and then takes nothing of the body.</summary>
    sealed class Refusing(Refused refused) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            _ = request.Content!.CopyToAsync(new Shut(refused), cancellationToken);
            return Task.FromResult(new HttpResponseMessage(HttpStatusCode.Unauthorized));
        }
    }

    sealed class Shut(Refused refused) : MemoryStream
    {
        public override Task FlushAsync(CancellationToken cancellationToken) => refused == Refused.AtTheHead ? throw new OperationCanceledException() : Task.CompletedTask;

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => throw new IOException("The stream was reset.");
    }
}
