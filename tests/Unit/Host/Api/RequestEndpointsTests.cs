using System.Text.Json.Nodes;
using Mainstay.Client.Requests;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Core.Requests;
using Mainstay.State.Requests;
using Mainstay.Tests.Traffic;
using Shouldly;
using Xunit;
using static Mainstay.Tests.Host.Api.ApiFixture;

namespace Mainstay.Tests.Host.Api;

/// <summary>What people see of requests that gateways remember, and do with them.</summary>
public sealed class RequestEndpointsTests : IDisposable
{
    readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task RequestsAreListedTakenBackDoneAgainAndForgotten()
    {
        await using var api = await StartAsync(with: s => s with { Data = folder.Path });
        (await api.GetJsonAsync("/api/v1/state/requests"))["items"]!.AsArray().ShouldBeEmpty();
        File.Exists(folder["gateway/requests.db"]).ShouldBeFalse("who looks makes no file");

        Directory.CreateDirectory(folder["gateway"]);
        await using var gateway = SqliteRequests.Open(new() { Path = folder["gateway/requests.db"] });
        var waiting = (await gateway.ClaimAsync(Claim("w") with { Later = new("x"u8.ToArray(), 10, 1000) }, default)).Id;
        var keyed = await gateway.ClaimAsync(Claim("k"), default);
        await gateway.EndAsync(new(keyed.Id, keyed.Attempt, RequestEnding.Unknown) { Why = "it broke" });

        var list = await api.GetJsonAsync("/api/v1/state/requests");
        list["items"]!.AsArray().Select(i => $"{i!["key"]} {i["state"]} {i["accepted"]} {i["why"]}").ShouldBe(["w waiting true ", "k unknown false it broke"], ignoreOrder: true);
        list["counts"]!.AsArray().Count.ShouldBe(2);
        (await api.GetJsonAsync("/api/v1/state/requests?state=unknown&route=r"))["items"]!.AsArray().Count.ShouldBe(1);
        (await PostAsync(api, waiting, "retry")).Status.ShouldBe(409);
        (await PostAsync(api, waiting, "cancel")).Body!["state"]!.ToString().ShouldBe("cancelled");
        (await PostAsync(api, waiting, "retry")).Body!["state"]!.ToString().ShouldBe("waiting");
        (await PostAsync(api, keyed.Id, "retry")).Status.ShouldBe(409, "its client comes again itself");
        (await PostAsync(api, keyed.Id, "forget")).Status.ShouldBe(200);
        (await PostAsync(api, keyed.Id, "forget")).Status.ShouldBe(404);
        (await gateway.ClaimAsync(Claim("k"), default)).Verdict.ShouldBe(ClaimVerdict.Begun, "the key is free");
        (await api.SendAsync(HttpMethod.Get, "/api/v1/state/requests?state=asleep")).Status.ShouldBe(400);
        (await api.GetJsonAsync("/api/v1/audits"))["items"]!.AsArray().Select(a => $"{a!["verb"]} {a["about"]}").ShouldBe([$"cancel request/{waiting}", $"retry request/{waiting}", $"forget request/{keyed.Id}"], ignoreOrder: true);
        api.Faults.ShouldBeEmpty();
    }

    [Fact]
    public async Task EndsAreToldWhereTheyAreWantedAndAgainWhereSomebodyAsks()
    {
        var calls = new System.Collections.Concurrent.ConcurrentQueue<string>();
        await using var place = new RawUpstream(async (peer, number) =>
        {
            if (await peer.ReadHeadAsync() is not { } head) return;
            var length = int.Parse(head.Split("\r\n").Single(l => l.StartsWith("Content-Length: ", StringComparison.Ordinal))[16..], System.Globalization.CultureInfo.InvariantCulture);
            calls.Enqueue(head + await peer.ReadAsync(length));
            await peer.SendAsync(number == 0 ? "HTTP/1.1 500 Oh\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" : "HTTP/1.1 204 Fine\r\nConnection: close\r\n\r\n");
        });
        await using var api = await StartAsync(with: s => s with { Data = folder.Path });
        Directory.CreateDirectory(folder["gateway"]);
        await using var gateway = SqliteRequests.Open(new() { Path = folder["gateway/requests.db"], Time = api.Time });
        var url = $"http://127.0.0.1:{place.Port}/ends";
        await api.PutAsync(new Route { Name = "r", Spec = new() { Match = new(), To = "web", Async = new() { Callback = new() { Url = url, Secret = "hooks", Private = true } } } });
        (await api.SendAsync(HttpMethod.Post, "/api/v1/secrets/hooks", """{ "value": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" }""")).Status.ShouldBe(200);
        var id = (await gateway.ClaimAsync(Claim("k") with { Later = new("x"u8.ToArray(), 10, 1000, url) }, default)).Id;
        await gateway.TakeAsync("r", 1, repeats: false);
        await gateway.EndAsync(new(id, 1, RequestEnding.Answered) { Answer = new(201, "Content-Type: text/plain\r\n"u8.ToArray(), "made"u8.ToArray(), true) });

        async Task StandsAsync(string state) => await Until.HoldsAsync(async () =>
        {
            api.Time.Advance(TimeSpan.FromMilliseconds(500));
            return (await api.GetJsonAsync($"/api/v1/state/requests/{id}"))["callback"]?["state"]?.ToString() == state;
        });
        await StandsAsync("told");
        calls.Count.ShouldBe(2);
        var all = calls.ToArray();
        all[1].ShouldStartWith("POST /ends HTTP/1.1\r\n");
        var body = all[1][(all[1].IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..];
        all[1].ShouldContain($"webhook-id: {id}.1\r\n");
        all[1].ShouldContain("Mainstay-Attempt: 2\r\n");
        all[1].ShouldContain("webhook-signature: " + CallbackMessage.Sign("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", $"{id}.1", long.Parse(Line(all[1], "webhook-timestamp"), System.Globalization.CultureInfo.InvariantCulture), System.Text.Encoding.UTF8.GetBytes(body)));
        all[0].ShouldContain($"webhook-id: {id}.1\r\n");
        var told = JsonNode.Parse(body)!;
        (told["type"]!.ToString(), told["data"]!["status"]!.GetValue<int>(), told["data"]!["body"]!.ToString(), told["data"]!["contentType"]!.ToString()).ShouldBe(("request.succeeded", 201, "made", "text/plain"));

        (await PostAsync(api, id, "tell")).Body!["callback"]!["state"]!.ToString().ShouldBe("waiting");
        await StandsAsync("told");
        calls.Count.ShouldBe(3);
        api.Faults.ShouldBeEmpty();
    }

    [Fact]
    public async Task WorkersPullAnswerAndGiveBack()
    {
        await using var api = await StartAsync(with: s => s with { Data = folder.Path });
        Directory.CreateDirectory(folder["gateway"]);
        await using var gateway = SqliteRequests.Open(new() { Path = folder["gateway/requests.db"], Time = api.Time });
        await api.PutAsync(
            new Route { Name = "r", Spec = new() { Match = new(), To = "web", Async = new() { Pull = TimeSpan.FromSeconds(30), MaxAnswer = new(1024) } } },
            new Route { Name = "pushed", Spec = new() { Match = new(), To = "web", Async = new() } });
        await Until.HoldsAsync(async () => (await api.SendAsync(HttpMethod.Post, "/api/v1/requests/r/pull")).Status == 200);
        var ids = new List<string>();
        foreach (var body in new[] { "hello", "\u00ff" })
        {
            var bytes = System.Text.Encoding.Latin1.GetBytes($"POST /a?b=c HTTP/1.0\r\nHost: h\r\nX-Color: red\r\n{(body == "hello" ? "Idempotency-Key: \"hello\"\r\n" : "")}Content-Length: {body.Length}\r\n\r\n{body}");
            ids.Add((await gateway.ClaimAsync(Claim(body) with { Key = body == "hello" ? body : null, Later = new(bytes, 10, 1000) }, default)).Id);
            api.Time.Advance(TimeSpan.FromMilliseconds(1));
        }

        using var client = new RequestClient(api.Url);
        var pulled = await client.PullAsync("r", 5);
        pulled.Select(p => (p.Id, p.Attempt, p.Method, p.Target, p.Key, p.Header("x-color"))).ShouldBe([(ids[0], 1, "POST", "/a?b=c", "hello", "red"), (ids[1], 1, "POST", "/a?b=c", ids[1], "red")]);
        pulled[0].Text().ShouldBe("hello");
        pulled[1].Body.ToArray().ShouldBe([0xff]);
        (await client.ExtendAsync("r", pulled[0], TimeSpan.FromMinutes(2))).ShouldBeTrue();
        (await client.AgainAsync("r", pulled[1], TimeSpan.Zero, "not yet")).ShouldBeTrue();
        (await client.AnswerAsync("r", pulled[0], new(201) { Body = "made"u8.ToArray(), ContentType = "text/plain" })).ShouldBeTrue();
        (await client.AnswerAsync("r", pulled[0], new(200))).ShouldBeFalse("it is answered");
        var answered = (await gateway.FindAsync(ids[0], default))!;
        (answered.State, answered.Status, System.Text.Encoding.Latin1.GetString(answered.Answer!.Lines.Span), System.Text.Encoding.Latin1.GetString(answered.Answer.Body.Span)).ShouldBe((RequestState.Answered, 201, "Content-Type: text/plain\r\n", "made"));

        using var end = new CancellationTokenSource();
        await client.ProcessAsync("r", (one, _) =>
        {
            one.Attempt.ShouldBe(2);
            end.Cancel();
            return Task.FromResult(new RequestAnswer(200) { Body = new byte[2000] });
        }, end.Token);
        (await gateway.FindAsync(ids[1], default))!.Answer!.IsWhole.ShouldBeFalse("it is larger than the route keeps");

        (await api.ProblemAsync(HttpMethod.Post, "/api/v1/requests/pushed/pull")).Status.ShouldBe(409);
        (await api.ProblemAsync(HttpMethod.Post, "/api/v1/requests/none/pull")).Status.ShouldBe(404);
        (await api.ProblemAsync(HttpMethod.Post, "/api/v1/requests/r/pull?max=0")).Status.ShouldBe(400);
        foreach (var wrong in new[]
        {
            "{}", """{ "answers": [{ "id": "a", "attempt": 1, "status": 99 }] }""", """{ "answers": [{ "id": "a", "attempt": 1, "headers": { "A": "b\r\nC: d" } }] }""",
            """{ "answers": [{ "id": "a", "attempt": 1, "bodyBase64": "%" }] }""", """{ "again": [{ "id": "a", "attempt": 1, "after": "2h" }] }""", """{ "extend": [{ "id": "a", "attempt": 1, "for": "13h" }] }""",
        })
            (await api.ProblemAsync(HttpMethod.Post, "/api/v1/requests/r/settle", wrong)).Status.ShouldBe(400, wrong);
        (await api.SendAsync(HttpMethod.Post, "/api/v1/requests/r/settle", $$"""{ "answers": [{ "id": "{{ids[0]}}", "attempt": 7 }, { "id": "../x", "attempt": 1 }] }""")).Body!["gone"]!.AsArray().Count.ShouldBe(2);
        api.Faults.ShouldBeEmpty();
    }

    static string Line(string head, string name) => head.Split("\r\n").Single(l => l.StartsWith(name + ": ", StringComparison.Ordinal))[(name.Length + 2)..];

    static RequestClaim Claim(string key) => new() { Route = "r", Owner = "0123456789abcdef", Key = key, Fingerprint = new byte[] { 1 }, Keep = TimeSpan.FromHours(1) };

    static Task<(int Status, JsonNode? Body, HttpResponseMessage Response)> PostAsync(ApiFixture api, string id, string verb) => api.SendAsync(HttpMethod.Post, $"/api/v1/state/requests/{id}/{verb}");
}
