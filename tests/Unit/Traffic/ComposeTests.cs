using System.Text.Json;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Traffic.Drivers;
using Mainstay.Traffic.Path;
using Shouldly;
using Xunit;
using Gateway = Mainstay.Traffic.Path.Gateway;

namespace Mainstay.Tests.Traffic;

/// <summary>Answers that the gateway makes of several services' answers, with real services behind it.</summary>
public abstract class ComposeTests(TransportKind kind) : OnBothTransports(kind)
{
    const string Product = """{"name":"lamp","price":12.50}""";
    readonly FakeTime time = new();

    static ComposeSpec ProductPage { get; } = Read("""
        {"parts":{"product":{"to":"inventory","path":"/products/{id}"},"reviews":{"to":"reviews","path":"/reviews?product={id}","timeout":"200ms","default":[]}},
         "answer":{"body":{"product":"{product}","reviews":"{reviews}","title":"{product.name}"}},"markPartial":true}
        """);

    static ComposeSpec PlaceOrder { get; } = Read("""
        {"steps":[
          {"name":"stock","call":{"to":"inventory","method":"POST","path":"/reserve","body":{"item":"{request.body.item}"},"accept":[409]}},
          {"name":"order","when":"{stock.status} == 200","call":{"to":"reviews","method":"POST","path":"/orders","body":{"reservation":"{stock.body.id}"}},
           "else":{"status":409,"body":{"error":"sold out"}}}],
         "answer":{"status":201,"body":{"id":"{order.body.id}"}}}
        """);

    [Fact]
    public async Task All_parts_make_one_answer_in_one_trace()
    {
        var heads = new List<string>();
        await using var inventory = Answering(heads, Ok(Product));
        await using var reviews = Answering(heads, "HTTP/1.1 200 OK\r\nContent-Type: application/vnd.a+json; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n6\r\n[{\"a\":\r\n3\r\n1}]\r\n0\r\n\r\n");
        await using var gateway = Compose(ProductPage, "/api/products/{id}", inventory, reviews);
        var response = await AskAsync(gateway, "GET /api/products/7 HTTP/1.1\r\nHost: shop\r\nCookie: a=b\r\nIf-None-Match: x\r\nAccept-Encoding: gzip\r\n\r\n");
        response.ShouldStartWith("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n");
        response.ShouldEndWith("""{"product":{"name":"lamp","price":12.50},"reviews":[{"a":1}],"title":"lamp"}""");
        response.ShouldNotContain("X-Mainstay-Partial");
        var id = ValueOf(response, "X-Request-Id");
        heads.Order(StringComparer.Ordinal).Select(h => h[..h.IndexOf('\r', StringComparison.Ordinal)]).ShouldBe(["GET /products/7 HTTP/1.1", "GET /reviews?product=7 HTTP/1.1"]);
        foreach (var head in heads)
        {
            head.ShouldContain("Host: shop\r\n");
            head.ShouldContain("Cookie: a=b\r\n");
            head.ShouldContain("Accept: application/json\r\n");
            head.ShouldNotContain("If-None-Match");
            head.ShouldNotContain("gzip");
            ValueOf(head, "X-Request-Id").ShouldBe(id);
            ValueOf(head, "traceparent").ShouldStartWith($"00-{id}-");
        }
    }

    [Fact]
    public async Task The_calls_are_recorded_beside_the_whole_and_connections_are_used_again()
    {
        await using var inventory = Answering([], Ok(Product));
        await using var reviews = Answering([], Ok("[]"));
        await using var gateway = Compose(ProductPage, "/api/products/{id}", inventory, reviews);
        using var client = await RawPeer.ConnectAsync(gateway.AddressOf("gateway")!);
        for (var i = 0; i < 3; i++)
        {
            await client.SendAsync("GET /api/products/7 HTTP/1.1\r\nHost: h\r\n\r\n");
            await client.ReadResponseAsync();
        }

        (inventory.Accepted, reviews.Accepted).ShouldBe((1, 1));
        var records = new List<TrafficRecord>();
        while (records.Sum(r => r.Requests) < 9) await Task.Run(() => records.AddRange(gateway.TakeRecords("test", 1, 0).Records));
        records.GroupBy(r => (r.Route, r.Service)).Select(g => $"{g.Key.Route} {g.Key.Service} {g.Sum(r => r.Requests)} {g.Sum(r => r.Succeeded)}").Order(StringComparer.Ordinal)
            .ShouldBe(["page  3 3", "page/product inventory 3 3", "page/reviews reviews 3 3"]);
    }

    [Theory]
    [InlineData("k-1", "k-1.product", "k-1.reviews")]
    [InlineData("\"k 1\"", "\"k 1.product\"", "\"k 1.reviews\"")]
    public async Task Each_call_has_an_idempotency_key_of_its_own(string key, params string[] own)
    {
        var heads = new List<string>();
        await using var inventory = Answering(heads, Ok(Product));
        await using var reviews = Answering(heads, Ok("[]"));
        await using var gateway = Compose(ProductPage, "/api/products/{id}", inventory, reviews);
        await AskAsync(gateway, $"GET /api/products/7 HTTP/1.1\r\nHost: h\r\nidempotency-key: {key}\r\n\r\n");
        heads.Select(head => ValueOf(head, "Idempotency-Key")).Order(StringComparer.Ordinal).ShouldBe(own);
        heads.ShouldAllBe(head => !head.Contains("idempotency-key", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_is_slow_and_optional_is_replaced_and_marked()
    {
        var asked = new TaskCompletionSource();
        await using var inventory = Answering([], Ok(Product));
        await using var reviews = new RawUpstream(async (peer, _) =>
        {
            await peer.ReadHeadAsync();
            asked.SetResult();
            // The head alone is no answer: the time counts to its end.
            await peer.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[");
            await peer.ReadToEndAsync();
        });
        await using var gateway = Compose(ProductPage, "/api/products/{id}", inventory, reviews);
        var response = AskAsync(gateway, "GET /api/products/7 HTTP/1.1\r\nHost: h\r\n\r\n");
        await asked.Task;
        await PassUntilAsync(response);
        time.Elapsed.ShouldBeGreaterThanOrEqualTo(TimeSpan.FromMilliseconds(200));
        (await response).ShouldContain("X-Mainstay-Partial: reviews\r\nCache-Control: no-store\r\n");
        (await response).ShouldEndWith("""{"product":{"name":"lamp","price":12.50},"reviews":[],"title":"lamp","_partial":["reviews"]}""");
    }

    [Theory]
    [InlineData("HTTP/1.1 500 Oops\r\nContent-Length: 2\r\n\r\n{}", "it answered with status 500")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 2\r\n\r\n{}", "its answer is not JSON")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{]", "its answer is not JSON")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", "there was no answer (upstream-bad-response)")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n", "its answer is larger than 1024Ki")]
    public async Task What_is_required_fails_the_whole_with_its_name(string answer, string why)
    {
        await using var inventory = Answering([], answer.Contains("3000000", StringComparison.Ordinal) ? answer + new string(' ', 3_000_000) : answer);
        await using var reviews = Answering([], Ok("[]"));
        await using var gateway = Compose(ProductPage, "/api/products/{id}", inventory, reviews);
        var response = await AskAsync(gateway, "GET /api/products/7 HTTP/1.1\r\nHost: h\r\n\r\n");
        response.ShouldStartWith("HTTP/1.1 502 ");
        response.ShouldContain("X-Mainstay-Reason: compose-part-failed\r\n");
        var problem = JsonDocument.Parse(response[response.IndexOf('{', StringComparison.Ordinal)..]).RootElement;
        problem.GetProperty("part").GetString().ShouldBe("product");
        problem.GetProperty("detail").GetString().ShouldBe($"The answer cannot be composed without 'product' of inventory: {why}.");
    }

    [Fact]
    public async Task A_failure_ends_the_calls_that_are_under_way()
    {
        var asked = new TaskCompletionSource();
        var ended = new TaskCompletionSource();
        await using var inventory = new RawUpstream(async (peer, _) =>
        {
            await peer.ReadHeadAsync();
            await asked.Task;
            await peer.SendAsync("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
            await peer.ReadToEndAsync();
        });
        await using var reviews = Hanging(asked, ended);
        await using var gateway = Compose(ProductPage, "/api/products/{id}", inventory, reviews);
        (await AskAsync(gateway, "GET /api/products/7 HTTP/1.1\r\nHost: h\r\n\r\n")).ShouldStartWith("HTTP/1.1 502 ");
        await PassUntilAsync(ended.Task);
        await ended.Task;
    }

    [Fact]
    public async Task A_client_that_leaves_ends_its_calls()
    {
        var asked = new TaskCompletionSource();
        var ended = new TaskCompletionSource();
        await using var inventory = Hanging(asked, ended);
        await using var reviews = Answering([], Ok("[]"));
        await using var gateway = Compose(ProductPage, "/api/products/{id}", inventory, reviews);
        using (var client = await RawPeer.ConnectAsync(gateway.AddressOf("gateway")!))
        {
            await client.SendAsync("GET /api/products/7 HTTP/1.1\r\nHost: h\r\n\r\n");
            await asked.Task;
        }
        await PassUntilAsync(ended.Task);
        await ended.Task;
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{\"id\":\"r1\"}", "HTTP/1.1 201 Created\r\n", "{\"id\":77}", "POST /orders HTTP/1.1 {\"reservation\":\"r1\"}")]
    [InlineData("HTTP/1.1 409 Conflict\r\nContent-Length: 2\r\n\r\n{}", "HTTP/1.1 409 Conflict\r\n", "{\"error\":\"sold out\"}", "")]
    public async Task Steps_follow_each_other_as_their_conditions_say(string stock, string status, string body, string ordered)
    {
        var bodies = new List<string>();
        await using var inventory = Taking(bodies, stock);
        await using var orders = Taking(bodies, "HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{\"id\":77}");
        await using var gateway = Compose(PlaceOrder, "/api/checkout", inventory, orders);
        var response = await AskAsync(gateway, "POST /api/checkout HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n{\"item\":\r\n7\r\n\"lamp\"}\r\n0\r\n\r\n");
        response.ShouldStartWith(status);
        response.ShouldEndWith(body);
        bodies.ShouldBe(new[] { "POST /reserve HTTP/1.1 {\"item\":\"lamp\"}", ordered }.Where(b => b.Length > 0));
    }

    [Theory]
    [InlineData("4\r\n\r\nnope", 400, "compose-body-invalid")]
    [InlineData("70000\r\n\r\n", 413, "body-too-large")]
    public async Task A_body_that_is_referred_to_has_to_be_JSON_of_bounded_length(string rest, int status, string reason)
    {
        await using var inventory = Answering([], Ok("{}"));
        await using var orders = Answering([], Ok("{}"));
        await using var gateway = Compose(PlaceOrder, "/api/checkout", inventory, orders);
        var response = await AskAsync(gateway, $"POST /api/checkout HTTP/1.1\r\nHost: h\r\nContent-Length: {rest}");
        response.ShouldStartWith($"HTTP/1.1 {status} ");
        response.ShouldContain($"X-Mainstay-Reason: {reason}\r\n");
        (inventory.Accepted, orders.Accepted).ShouldBe((0, 0));
    }

    [Fact]
    public async Task A_client_that_asks_before_it_sends_its_body_is_told_to_go_on()
    {
        await using var inventory = Answering([], Ok("{}"));
        await using var orders = Answering([], Ok("{\"id\":1}"));
        await using var gateway = Compose(PlaceOrder, "/api/checkout", inventory, orders);
        using var client = await RawPeer.ConnectAsync(gateway.AddressOf("gateway")!);
        await client.SendAsync("POST /api/checkout HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
        (await client.ReadHeadAsync()).ShouldBe("HTTP/1.1 100 Continue\r\n\r\n");
        await client.SendAsync("{}");
        (await client.ReadResponseAsync()).ShouldEndWith("{\"id\":1}");
    }

    [Fact]
    public async Task Large_answers_are_joined_and_too_large_ones_are_refused()
    {
        var half = "\"" + new string('x', 600_000) + "\"";
        var spec = Read("""{"parts":{"a":{"to":"inventory","path":"/"},"b":{"to":"reviews","path":"/","default":null}},"answer":{"body":["{a}","{b}"]}}""");
        await using var inventory = Answering([], Ok(half));
        await using var none = Answering([], "HTTP/1.1 204 No Content\r\n\r\n");
        await using (var gateway = Compose(spec, "/", inventory, none))
        {
            (await AskAsync(gateway, "GET / HTTP/1.1\r\nHost: h\r\n\r\n")).ShouldEndWith($"[{half},null]");
        }

        await using var both = Answering([], Ok(half));
        await using (var gateway = Compose(spec, "/", inventory, both))
        {
            (await AskAsync(gateway, "GET / HTTP/1.1\r\nHost: h\r\n\r\n")).ShouldContain("The answer cannot be composed: the answer is larger than 1024Ki.");
        }
    }

    [Fact]
    public async Task A_call_is_tried_elsewhere_as_the_route_says()
    {
        await using var inventory = Answering([], Ok(Product));
        await using var reviews = Answering([], Ok("[]"));
        await using var gateway = Compose(ProductPage, "/api/products/{id}", inventory, reviews, new EndpointModel("dead", "127.0.0.1", RawUpstream.DeadPort()));
        for (var i = 0; i < 4; i++) (await AskAsync(gateway, "GET /api/products/7 HTTP/1.1\r\nHost: h\r\n\r\n")).ShouldStartWith("HTTP/1.1 200 ");
    }

    [Fact]
    public async Task Explain_tells_the_plan()
    {
        await using var gateway = Compose(ProductPage, "/api/products/{id}", null, null);
        var explained = gateway.Answer("g", new Question("1", Target: "/api/products/7")).Explanation!;
        explained.Steps[^1].ShouldBe(new ExplainedStep(
            "compose", "answer", "composes an answer of 2 calls, at the same time: product (GET inventory/products/{id}), reviews (GET reviews/reviews?product={id}, with a default)"));
    }

    static ComposeSpec Read(string json) => Codec.Decode<ComposeSpec>(System.Text.Encoding.UTF8.GetBytes(json));

    static string Ok(string json) => $"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {json.Length}\r\n\r\n{json}";

    static string ValueOf(string head, string name)
    {
        var from = head.IndexOf($"{name}: ", StringComparison.OrdinalIgnoreCase) + name.Length + 2;
        return head[from..head.IndexOf('\r', from)];
    }

    static RawUpstream Answering(List<string> heads, string answer) => new(async (peer, _) =>
    {
        while (await peer.ReadHeadAsync() is { } head)
        {
            lock (heads) heads.Add(head);
            await peer.SendAsync(answer);
        }
    });

    static RawUpstream Taking(List<string> bodies, string answer) => new(async (peer, _) =>
    {
        while (await peer.ReadHeadAsync() is { } head)
        {
            bodies.Add($"{head[..head.IndexOf('\r', StringComparison.Ordinal)]} {await peer.ReadAsync(int.Parse(ValueOf(head, "Content-Length")))}");
            await peer.SendAsync(answer);
        }
    });

    static RawUpstream Hanging(TaskCompletionSource asked, TaskCompletionSource ended) => new(async (peer, _) =>
    {
        await peer.ReadHeadAsync();
        asked.TrySetResult();
        (await peer.IsEndedAsync()).ShouldBeTrue();
        ended.SetResult();
    });

    Gateway Compose(ComposeSpec compose, string path, RawUpstream? inventory, RawUpstream? reviews, params EndpointModel[] more)
    {
        var route = new RouteModel("page", new RouteSpec { Match = new() { Path = path }, Compose = compose, Timeout = TimeSpan.FromHours(1) });
        // As it comes from the server.
        var table = TableModel.FromJson(new TableModel(
            1,
            [new ListenerModel("gateway", "127.0.0.1", 0, ListenerKind.Gateway)],
            [route],
            [
                new ClusterModel("inventory", inventory is null ? [] : [inventory.Endpoint(), .. more], Routes.RoundRobin),
                new ClusterModel("reviews", reviews is null ? [] : [reviews.Endpoint("two")], Routes.RoundRobin),
            ]).ToJson());
        var gateway = new Gateway(Of(Kind), time: time);
        gateway.Apply(table).Problems.ShouldBeEmpty();
        return gateway;
    }

    static async Task<string> AskAsync(Gateway gateway, string request)
    {
        using var client = await RawPeer.ConnectAsync(gateway.AddressOf("gateway")!);
        await client.SendAsync(request);
        try
        {
            return await client.ReadResponseAsync();
        }
        finally
        {
            // Where there is no response, a fault is why.
            gateway.LastFault.ShouldBeNull();
        }
    }

    /// <summary>Lets time pass until something happened. The clock runs ahead of the sockets, so only the order is exact.</summary>
    async Task PassUntilAsync(Task happened)
    {
        while (!happened.IsCompleted)
        {
            time.Advance(TimeSpan.FromMilliseconds(Heartbeat.IntervalMs));
            await Task.WhenAny(happened, Task.Run(() => { }));
        }
    }
}

public sealed class ComposeOnSockets() : ComposeTests(TransportKind.Sockets);

public sealed class ComposeOnLoops() : ComposeTests(TransportKind.Epoll);
