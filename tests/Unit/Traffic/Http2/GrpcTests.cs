using System.Buffers.Binary;
using System.Net;
using System.Text;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Tests.Traffic.Tls;
using Mainstay.Traffic.Path;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Traffic.Http2;

/// <summary>gRPC from a real HTTP/2 client through the gateway to a real HTTP/2 service, with framing of our own.</summary>
public sealed class GrpcTests
{
    readonly TaskCompletionSource left = new(TaskCreationOptions.RunContinuationsAsynchronously);
    readonly TaskCompletionSource asked = new(TaskCreationOptions.RunContinuationsAsynchronously);

    [Fact]
    public async Task A_unary_call_gets_its_answer_and_its_status()
    {
        await using var service = await StartAsync();
        await using var gateway = Through(service);
        using var client = Http2Clients.New();
        using var response = await client.SendAsync(Call(gateway.Url, "echo", Whole("hello")));
        (await response.Content.ReadAsByteArrayAsync()).ShouldBe(Frame("hello"));
        response.Content.Headers.ContentType!.MediaType.ShouldBe("application/grpc");
        response.TrailingHeaders.GetValues("grpc-status").ShouldBe(["0"]);
    }

    [Fact]
    public async Task A_conversation_passes_message_by_message()
    {
        await using var service = await StartAsync();
        await using var gateway = Through(service);
        using var client = Http2Clients.New();
        using var content = new LiveContent();
        content.Headers.TryAddWithoutValidation("content-type", "application/grpc");
        using var response = await client.SendAsync(Call(gateway.Url, "echo", content), HttpCompletionOption.ResponseHeadersRead);
        var stream = await response.Content.ReadAsStreamAsync();
        foreach (var word in new[] { "one", "two", "three" })
        {
            await content.WriteAsync(Frame(word));
            (await ReadMessageAsync(stream)).ShouldBe(word);
        }
        content.End();
        (await ReadMessageAsync(stream)).ShouldBeNull();
        response.TrailingHeaders.GetValues("grpc-status").ShouldBe(["0"]);
    }

    [Fact]
    public async Task Many_messages_come_for_one_and_one_comes_for_many()
    {
        await using var service = await StartAsync();
        await using var gateway = Through(service);
        using var client = Http2Clients.New();
        using var many = await client.SendAsync(Call(gateway.Url, "count", Whole("100")));
        var stream = await many.Content.ReadAsStreamAsync();
        for (var number = 0; number < 100; number++) (await ReadMessageAsync(stream)).ShouldBe($"{number}");
        many.TrailingHeaders.GetValues("grpc-status").ShouldBe(["0"]);
        using var one = await client.SendAsync(Call(gateway.Url, "total", Whole([.. Enumerable.Range(0, 100).Select(number => $"{number}")])));
        (await ReadMessageAsync(await one.Content.ReadAsStreamAsync())).ShouldBe("100");
    }

    [Fact]
    public async Task A_call_that_fails_has_its_status_without_a_body()
    {
        await using var service = await StartAsync();
        await using var gateway = Through(service);
        using var client = Http2Clients.New();
        using var response = await client.SendAsync(Call(gateway.Url, "fail", Whole("x")));
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        (await response.Content.ReadAsByteArrayAsync()).ShouldBeEmpty();
        response.Headers.Concat(response.TrailingHeaders).Single(header => header.Key == "grpc-status").Value.ShouldBe(["5"]);
    }

    [Fact]
    public async Task A_call_that_is_answered_before_its_body_is_sent_has_that_answer()
    {
        await using var service = await StartAsync();
        await using var gateway = Through(service);
        using var client = Http2Clients.New();
        // Fewer than the 200 that Kestrel looks after at a time: it waits some seconds for the end of a body that nobody reads.
        for (var round = 0; round < 3; round++)
        {
            var answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(async _ =>
            {
                using var response = await client.SendAsync(Call(gateway.Url, "fail", Whole(new string('x', 4000))));
                return (response.StatusCode, response.Headers.TryGetValues("X-Mainstay-Reason", out var why) ? why.Single() : "");
            }));
            answers.ShouldAllBe(answer => answer.StatusCode == HttpStatusCode.OK && answer.Item2.Length == 0);
        }
    }

    [Fact]
    public async Task A_client_that_cancels_cancels_the_call()
    {
        await using var service = await StartAsync();
        await using var gateway = Through(service);
        using var client = Http2Clients.New();
        using var cancel = new CancellationTokenSource();
        var calling = client.SendAsync(Call(gateway.Url, "wait", Whole("x")), cancel.Token);
        await asked.Task;
        await cancel.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => calling);
        await left.Task.WaitAsync(RawPeer.Patience, TimeProvider.System);
    }

    [Fact]
    public async Task An_endpoint_that_cannot_be_connected_to_is_told_apart()
    {
        await using var gateway = new GatewayUnderTest([]);
        gateway.Apply([new EndpointModel("one", "127.0.0.1", RawUpstream.DeadPort())], new TrafficSpec { Protocol = UpstreamProtocol.H2c });
        (await gateway.AskAsync("GET / HTTP/1.1\r\nHost: h\r\n\r\n")).ShouldContain("X-Mainstay-Reason: connect-failed");
    }

    [Theory]
    [InlineData(UpstreamProtocol.Https)]
    [InlineData(UpstreamProtocol.H2)]
    public async Task An_endpoint_over_TLS_is_believed_only_with_a_certificate_for_its_name(UpstreamProtocol protocol)
    {
        using var authority = new TestAuthority();
        var pair = authority.Issue("one", "inside.test");
        await using var service = await KestrelEndpoint.StartAsync(
            context => context.Response.WriteAsync(context.Request.Protocol),
            HttpProtocols.Http1AndHttp2,
            listen => listen.UseHttps(https => https.ServerCertificate = authority.Load(pair)));
        await using var gateway = new GatewayUnderTest([]);
        gateway.Apply([service.Endpoint()], new TrafficSpec { Protocol = protocol, Tls = new UpstreamTls { ServerName = "inside.test", Ca = authority.CaFile } });
        (await gateway.AskAsync("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")).ShouldContain(" 200 ");
        gateway.Apply([service.Endpoint()], new TrafficSpec { Protocol = protocol, Tls = new UpstreamTls { ServerName = "other.test", Ca = authority.CaFile } });
        (await gateway.AskAsync("GET / HTTP/1.1\r\nHost: h\r\n\r\n")).ShouldContain(" 502 ");
        (await gateway.AskAsync("GET / HTTP/1.1\r\nHost: h\r\n\r\n")).ShouldNotContain(" 200 ");
    }

    [Theory]
    [InlineData(UpstreamProtocol.Https)]
    [InlineData(UpstreamProtocol.H2)]
    public async Task Authorities_of_endpoints_are_exchanged_while_it_runs(UpstreamProtocol protocol)
    {
        using var first = new TestAuthority();
        using var second = new TestAuthority();
        var pair = second.Issue("one", "inside.test");
        await using var service = await KestrelEndpoint.StartAsync(
            context =>
            {
                context.Response.Headers.Connection = context.Request.Protocol == "HTTP/2" ? default : "close";
                return context.Response.WriteAsync(context.Request.Protocol);
            },
            HttpProtocols.Http1AndHttp2,
            listen => listen.UseHttps(https => https.ServerCertificate = second.Load(pair)));
        var time = new FakeTime();
        await using var gateway = new GatewayUnderTest([], time: time, route: Routes.All(s => s with { Retry = new RetrySpec { Attempts = 1 } }));
        var trusted = first.File1("trusted.pem");
        await File.WriteAllTextAsync(trusted, "nothing yet");
        gateway.Apply([service.Endpoint()], new TrafficSpec { Protocol = protocol, Tls = new UpstreamTls { ServerName = "inside.test", Ca = trusted } }).Problems.Single().ShouldContain("TLS files cannot be used");
        (await gateway.AskAsync("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")).ShouldContain(" 502 ");

        File.Copy(second.CaFile, trusted, overwrite: true);
        await Until.HoldsAsync(() => gateway.Batch().Problems.Count == 0, () => time.Advance(TimeSpan.FromSeconds(1)));
        time.Advance(TimeSpan.FromSeconds(30));
        (await gateway.AskAsync("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")).ShouldContain(" 200 ");

        await File.WriteAllTextAsync(trusted, await File.ReadAllTextAsync(first.CaFile) + "\nof another length\n");
        await Until.HoldsAsync(async () => !(await gateway.AskAsync("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")).Contains(" 200 ", StringComparison.Ordinal), () => time.Advance(TimeSpan.FromSeconds(1)));
    }

    static GatewayUnderTest Through(KestrelEndpoint service)
    {
        var gateway = new GatewayUnderTest([]);
        gateway.Apply([service.Endpoint()], new TrafficSpec { Protocol = UpstreamProtocol.H2c });
        return gateway;
    }

    Task<KestrelEndpoint> StartAsync() => KestrelEndpoint.StartAsync(AnswerAsync, HttpProtocols.Http2);

    async Task AnswerAsync(HttpContext context)
    {
        context.Request.Headers.TE.ToString().ShouldBe("trailers");
        context.Response.ContentType = "application/grpc";
        var (input, output) = (context.Request.Body, context.Response.Body);
        switch (context.Request.Path.Value)
        {
            case "/echo":
                await output.FlushAsync();
                while (await ReadMessageAsync(input) is { } message)
                {
                    await output.WriteAsync(Frame(message));
                    await output.FlushAsync();
                }
                break;
            case "/count":
                var count = int.Parse((await ReadMessageAsync(input))!);
                for (var number = 0; number < count; number++) await output.WriteAsync(Frame($"{number}"));
                break;
            case "/total":
                var total = 0;
                while (await ReadMessageAsync(input) is not null) total++;
                await output.WriteAsync(Frame($"{total}"));
                break;
            case "/wait":
                using (context.RequestAborted.Register(() => left.TrySetResult()))
                {
                    asked.TrySetResult();
                    await left.Task;
                }
                return;
            default:
                context.Response.Headers["grpc-status"] = "5";
                return;
        }
        context.Response.AppendTrailer("grpc-status", "0");
    }

    static HttpRequestMessage Call(Uri url, string method, HttpContent content)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, new Uri(url, method))
        {
            Content = content,
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        request.Headers.Add("TE", "trailers");
        request.Headers.Add("grpc-timeout", "10S");
        return request;
    }

    static ByteArrayContent Whole(params string[] messages)
    {
        var content = new ByteArrayContent([.. messages.SelectMany(Frame)]);
        content.Headers.TryAddWithoutValidation("content-type", "application/grpc");
        return content;
    }

    static byte[] Frame(string message)
    {
        var frame = new byte[5 + message.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), message.Length);
        Encoding.ASCII.GetBytes(message, frame.AsSpan(5));
        return frame;
    }

    static async Task<string?> ReadMessageAsync(Stream from)
    {
        var head = new byte[5];
        if (await from.ReadAtLeastAsync(head, 5, throwOnEndOfStream: false) < 5) return null;
        var body = new byte[BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(1))];
        await from.ReadExactlyAsync(body);
        return Encoding.ASCII.GetString(body);
    }
}
