using System.Net;
using System.Text;
using Mainstay.Tests.Traffic.Tls;
using Mainstay.Traffic.Drivers;
using Mainstay.Traffic.Path;
using Microsoft.AspNetCore.Http;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Traffic.Http2;

/// <summary>HTTP/2 from real clients to an HTTP/1.1 endpoint.</summary>
public abstract class Http2FrontTests(TransportKind kind) : OnBothTransports(kind), IDisposable
{
    const string Ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Kept: 1\r\n\r\nok";
    readonly TestAuthority authority = new();

    public void Dispose()
    {
        authority.Dispose();
        GC.SuppressFinalize(this);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_request_is_the_same_for_the_endpoint_as_one_of_HTTP_1(bool secure)
    {
        string? seen = null;
        await using var upstream = new RawUpstream(async (peer, _) =>
        {
            while (await peer.ReadHeadAsync() is { } head)
            {
                seen = head;
                await peer.SendAsync(Ok);
            }
        });
        await using var gateway = new GatewayUnderTest([upstream.Endpoint()], tls: authority.Terms(authority.Issue("one", "a.test")), kind: Kind);
        using var client = Http2Clients.New();
        using var request = new HttpRequestMessage(HttpMethod.Get, secure ? $"https://{gateway.Secure}/a?b=c" : $"http://{gateway.At}/a?b=c") { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        request.Headers.Host = "shop.test";
        request.Headers.Add("X-One", ["1", "2"]);
        request.Headers.Add("TE", "trailers");
        request.Headers.Add("X-Request-Id", "mine");
        using var response = await client.SendAsync(request);
        response.Version.ShouldBe(HttpVersion.Version20);
        response.StatusCode.ShouldBe(HttpStatusCode.OK, await response.Content.ReadAsStringAsync());
        (await response.Content.ReadAsStringAsync()).ShouldBe("ok");
        response.Headers.GetValues("X-Kept").ShouldBe(["1"]);
        response.Headers.GetValues("X-Request-Id").ShouldBe(["mine"]);
        response.Headers.Contains("Server").ShouldBeFalse();
        seen!.ShouldStartWith("GET /a?b=c HTTP/1.1\r\n");
        seen!.ShouldContain("Host: shop.test\r\n");
        seen!.ShouldContain("x-one: 1, 2\r\n", Case.Insensitive);
        seen!.ShouldContain($"X-Forwarded-Proto: {(secure ? "https" : "http")}\r\n");
        seen!.ShouldContain("X-Forwarded-For: 127.0.0.1\r\n");
        seen!.ShouldNotContain("TE:", Case.Insensitive);
        seen!.ShouldNotContain("Transfer-Encoding");
    }

    [Fact]
    public async Task Streams_do_not_wait_for_each_other()
    {
        var slow = new TaskCompletionSource();
        await using var upstream = new RawUpstream(async (peer, _) =>
        {
            while (await peer.ReadHeadAsync() is { } head)
            {
                if (head.StartsWith("GET /slow", StringComparison.Ordinal)) await slow.Task;
                await peer.SendAsync(Ok);
            }
        });
        await using var gateway = Gateway([upstream.Endpoint()]);
        using var client = Http2Clients.New();
        var first = client.GetStringAsync(new Uri(gateway.Url, "slow"));
        var others = await Task.WhenAll(Enumerable.Range(0, 50).Select(number => client.GetStringAsync(new Uri(gateway.Url, $"{number}"))));
        others.ShouldAllBe(answer => answer == "ok");
        first.IsCompleted.ShouldBeFalse();
        slow.SetResult();
        (await first).ShouldBe("ok");
        (await gateway.RecordsAsync(51)).Sum(record => record.Succeeded).ShouldBe(51);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Big_bodies_pass_both_ways_at_the_same_time(bool chunked)
    {
        var body = new byte[3_000_000];
        new Random(3).NextBytes(body);
        await using var endpoint = await KestrelEndpoint.StartAsync(async context =>
        {
            if (!chunked) context.Response.ContentLength = context.Request.ContentLength;
            await context.Request.Body.CopyToAsync(context.Response.Body);
        });
        await using var gateway = Gateway([endpoint.Endpoint()]);
        using var client = Http2Clients.New();
        using HttpContent content = chunked ? new StreamContent(new NoLength(body)) : new ByteArrayContent(body);
        using var request = new HttpRequestMessage(HttpMethod.Post, gateway.Url) { Content = content, Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        response.Content.Headers.ContentLength.ShouldBe(chunked ? null : body.Length);
        (await response.Content.ReadAsByteArrayAsync()).ShouldBe(body);
    }

    [Fact]
    public async Task A_conversation_is_not_held_back()
    {
        await using var endpoint = await KestrelEndpoint.StartAsync(async context =>
        {
            await context.Response.Body.FlushAsync();
            var buffer = new byte[100];
            while (await context.Request.Body.ReadAsync(buffer) is > 0 and var got)
            {
                await context.Response.Body.WriteAsync(buffer.AsMemory(0, got));
                await context.Response.Body.FlushAsync();
            }
        });
        await using var gateway = Gateway([endpoint.Endpoint()]);
        using var client = Http2Clients.New();
        using var content = new LiveContent();
        using var request = new HttpRequestMessage(HttpMethod.Post, gateway.Url) { Content = content, Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        var stream = await response.Content.ReadAsStreamAsync();
        var buffer = new byte[100];
        foreach (var word in new[] { "one", "two", "three" })
        {
            await content.WriteAsync(Encoding.ASCII.GetBytes(word));
            Encoding.ASCII.GetString(buffer, 0, await stream.ReadAsync(buffer)).ShouldBe(word);
        }
        content.End();
        (await stream.ReadAsync(buffer)).ShouldBe(0);
    }

    [Fact]
    public async Task Trailers_arrive_behind_the_body()
    {
        await using var upstream = RawUpstream.Always("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n0\r\nx-end: told\r\nx-more: 1\r\n\r\n");
        await using var gateway = Gateway([upstream.Endpoint()]);
        using var client = Http2Clients.New();
        using var response = await client.GetAsync(gateway.Url);
        (await response.Content.ReadAsStringAsync()).ShouldBe("one");
        response.TrailingHeaders.GetValues("x-end").ShouldBe(["told"]);
        response.TrailingHeaders.GetValues("x-more").ShouldBe(["1"]);
    }

    [Fact]
    public async Task A_client_that_leaves_ends_what_it_asked_for()
    {
        var left = new TaskCompletionSource();
        var asked = new TaskCompletionSource();
        await using var upstream = new RawUpstream(async (peer, _) =>
        {
            await peer.ReadHeadAsync();
            asked.SetResult();
            (await peer.IsEndedAsync()).ShouldBeTrue();
            left.SetResult();
        });
        await using var gateway = Gateway([upstream.Endpoint()]);
        using var client = Http2Clients.New();
        using var cancel = new CancellationTokenSource();
        var asking = client.GetStringAsync(gateway.Url, cancel.Token);
        await asked.Task;
        await cancel.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => asking);
        await left.Task.WaitAsync(RawPeer.Patience, TimeProvider.System);
        (await gateway.RecordsAsync(1)).Single().Reasons.Keys.ShouldBe(["client-aborted"]);
    }

    [Fact]
    public async Task A_response_that_is_cut_resets_the_stream_and_not_the_connection()
    {
        await using var upstream = new RawUpstream(async (peer, number) =>
        {
            var head = await peer.ReadHeadAsync();
            await peer.SendAsync(head!.StartsWith("GET /cut", StringComparison.Ordinal) ? "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf" : Ok);
        });
        await using var gateway = Gateway([upstream.Endpoint()]);
        using var client = Http2Clients.New();
        await Should.ThrowAsync<HttpRequestException>(() => client.GetStringAsync(new Uri(gateway.Url, "cut")));
        (await client.GetStringAsync(gateway.Url)).ShouldBe("ok");
        gateway.Gateway.Connections.ShouldBe(1);
    }

    [Fact]
    public async Task Clients_that_leave_in_the_middle_of_a_body_are_no_fault_of_ours()
    {
        await using var upstream = new RawUpstream(async (peer, _) =>
        {
            await peer.ReadHeadAsync();
            await peer.SendAsync("HTTP/1.1 200 OK\r\n\r\n");
            while (true) await peer.SendAsync(new string('z', 8000));
        });
        await using var gateway = Gateway([upstream.Endpoint()]);
        using var client = Http2Clients.New();
        for (var count = 0; count < 30; count++)
        {
            using var response = await client.GetAsync(gateway.Url, HttpCompletionOption.ResponseHeadersRead);
            await (await response.Content.ReadAsStreamAsync()).ReadExactlyAsync(new byte[1000]);
        }
        (await gateway.RecordsAsync(30)).Sum(record => record.Reasons["client-aborted"]).ShouldBe(30);
        gateway.Gateway.Faults.ShouldBe(0);
    }

    [Theory]
    [InlineData("HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", 200)]
    [InlineData("GET", "HTTP/1.1 204 No Content\r\n\r\n", 204)]
    [InlineData("GET", "HTTP/1.1 304 Not Modified\r\nETag: \"a\"\r\n\r\n", 304)]
    [InlineData("GET", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200)]
    [InlineData("GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 200)]
    [InlineData("GET", "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200)]
    [InlineData("GET", "HTTP/1.0 200 OK\r\n\r\n", 200)]
    public async Task Responses_without_a_body_are_complete(string method, string answer, int status)
    {
        await using var upstream = new RawUpstream(async (peer, _) =>
        {
            await peer.ReadHeadAsync();
            await peer.SendAsync(answer);
        });
        await using var gateway = Gateway([upstream.Endpoint()]);
        using var client = Http2Clients.New();
        using var response = await client.SendAsync(new HttpRequestMessage(new HttpMethod(method), gateway.Url) { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact });
        ((int)response.StatusCode).ShouldBe(status);
        (await response.Content.ReadAsStringAsync()).ShouldBe("");
    }

    [Fact]
    public async Task A_thousand_requests_at_a_time_are_answered_each_with_its_own()
    {
        await using var endpoint = await KestrelEndpoint.StartAsync(context => context.Response.WriteAsync(context.Request.Path.Value + new string('x', 3000)));
        await using var gateway = Gateway([endpoint.Endpoint()], new PathLimits { Connect = RawPeer.Patience });
        using var client = Http2Clients.New();
        for (var round = 0; round < 2; round++)
        {
            var answers = await Task.WhenAll(Enumerable.Range(0, 500).Select(number => client.GetStringAsync(new Uri(gateway.Url, $"n{number}"))));
            answers.Select((answer, number) => (answer, number)).ShouldAllBe(one => one.answer == $"/n{one.number}" + new string('x', 3000));
        }
        gateway.Gateway.Connections.ShouldBe(1);
    }

    [Fact]
    public async Task The_gateways_own_answers_arrive_and_a_body_nobody_wants_does_not_hold_the_connection()
    {
        await using var gateway = Gateway([]);
        using var client = Http2Clients.New();
        using var response = await client.PostAsync(gateway.Url, new ByteArrayContent(new byte[500_000]));
        response.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        response.Headers.GetValues("X-Mainstay-Reason").ShouldBe(["no-endpoint"]);
        (await client.GetAsync(gateway.Url)).StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
    }

    [Fact]
    public async Task A_drain_says_goaway_finishes_what_is_under_way_and_leaves_nobody()
    {
        var answer = new TaskCompletionSource();
        var asked = new TaskCompletionSource();
        await using var upstream = new RawUpstream(async (peer, _) =>
        {
            await peer.ReadHeadAsync();
            asked.SetResult();
            await answer.Task;
            await peer.SendAsync(Ok);
        });
        await using var gateway = Gateway([upstream.Endpoint()]);
        using var client = Http2Clients.New();
        var asking = client.GetStringAsync(gateway.Url);
        await asked.Task;
        var drain = gateway.Gateway.DrainAsync(TimeSpan.FromSeconds(20));
        drain.IsCompleted.ShouldBeFalse();
        answer.SetResult();
        (await asking).ShouldBe("ok");
        (await drain).ShouldBeTrue();
    }

    /// <summary>A stream whose length is not known.</summary>
    sealed class NoLength(byte[] bytes) : MemoryStream(bytes)
    {
        public override bool CanSeek => false;
    }
}

public sealed class Http2FrontOnSockets() : Http2FrontTests(TransportKind.Sockets);

public sealed class Http2FrontOnLoops() : Http2FrontTests(TransportKind.Epoll);
