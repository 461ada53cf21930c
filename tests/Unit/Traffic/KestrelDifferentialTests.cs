using System.Net;
using System.Text;
using Mainstay.Traffic.Path;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Traffic;

/// <summary>
/// The same bytes go to our parser and to a real Kestrel: whatever Kestrel refuses, we refuse. Where we are stricter is written in
/// docs/gateway.md; here it is counted, so that a parser that refuses everything does not pass.
/// </summary>
public sealed class KestrelDifferentialTests
{
    const int Mutations = 600;

    static readonly string[] Known =
    [
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "GET / HTTP/1.1\nHost: a\n\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n folded\r\n\r\n",
        "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX\0Y: 1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
        "GET / HTTP/2.0\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.2\r\nHost: a\r\n\r\n",
        "GET /\r\n\r\n",
        "GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
        "G@T / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET x HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\na",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\n\r\n",
        "CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n",
    ];

    [Fact]
    public async Task What_kestrel_refuses_we_refuse()
    {
        await using var kestrel = await StartAsync();
        var at = new IPEndPoint(IPAddress.Loopback, new Uri(kestrel.Urls.First()).Port);
        var laxer = new List<string>();
        var (accepted, stricter) = (0, 0);
        foreach (var text in ParserFuzzTests.Seeds.Concat(Known).Concat(ParserFuzzTests.Broken(seed: 17, Mutations)))
        {
            var ours = IsAccepted(text);
            // What we take for a whole request gets its answer without anything following it; of the rest, the end must be told.
            var theirs = await IsAcceptedAsync(at, text, endSending: !ours);
            if (ours && !theirs) laxer.Add(text);
            if (!ours && theirs) stricter++;
            if (ours && theirs) accepted++;
        }
        laxer.ShouldBeEmpty();
        foreach (var seed in ParserFuzzTests.Seeds) IsAccepted(seed).ShouldBeTrue(seed);
        accepted.ShouldBeGreaterThan(Mutations / 10);
        stricter.ShouldBeLessThan(Mutations / 4);
    }

    /// <summary>A whole request, body included, that the gateway would send on.</summary>
    static bool IsAccepted(string text)
    {
        var bytes = Encoding.Latin1.GetBytes(text);
        var head = new RequestHead();
        head.Reset();
        if (head.Parse(bytes, new PathLimits()) != ParseStatus.Complete) return false;
        var body = RequestBody.Begin(head, bytes.AsSpan(head.Length));
        return body.IsComplete && !body.IsBad;
    }

    static async Task<bool> IsAcceptedAsync(IPEndPoint at, string text, bool endSending)
    {
        using var peer = await RawPeer.ConnectAsync(at);
        try
        {
            await peer.SendAsync(text);
            if (endSending) peer.Socket.Shutdown(System.Net.Sockets.SocketShutdown.Send);
            var response = await peer.ReadHeadAsync();
            while (response?.StartsWith("HTTP/1.1 100 ", StringComparison.Ordinal) == true) response = await peer.ReadHeadAsync();
            return response?.StartsWith("HTTP/1.1 2", StringComparison.Ordinal) == true;
        }
        catch (System.Net.Sockets.SocketException)
        {
            return false;
        }
    }

    static async Task<WebApplication> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        app.Run(async context =>
        {
            await context.Request.Body.CopyToAsync(Stream.Null);
            context.Response.StatusCode = StatusCodes.Status200OK;
        });
        await app.StartAsync();
        return app;
    }
}
