using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Mainstay.Client.Queues;
using Mainstay.Client.Streams;
using Mainstay.Core.Kinds.State;
using Shouldly;
using Xunit;
using static Mainstay.Tests.Host.Api.ApiFixture;

namespace Mainstay.Tests.Host.Api;

/// <summary>Event streams over HTTP, from .NET, and handed on to queues.</summary>
public sealed class StreamEndpointsTests : IDisposable
{
    readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task Events_are_appended_read_and_given_up()
    {
        await using var api = await StartAsync(with: s => s with { Data = folder.Path });
        (await api.GetJsonAsync("/api/v1/streams"))["items"]!.AsArray().ShouldBeEmpty();
        File.Exists(folder["state/streams.db"]).ShouldBeFalse("looking makes nothing");
        var (status, body, response) = await AppendAsync(api, "order-1", "none", """[{ "specversion": "1.0", "id": "a", "source": "/shop", "type": "order.made", "data": {"sku":7} }, { "specversion": "1.0", "id": "b", "source": "/shop", "type": "order.paid" }]""");
        (status, body!.ToJsonString(), response.Headers.GetValues("Mainstay-Stream-Version").Single()).ShouldBe((201, """{"first":1,"version":2,"position":2,"repeated":false}""", "2"));
        (await AppendAsync(api, "order-1", "none", """[{ "specversion": "1.0", "id": "a", "source": "/shop", "type": "order.made", "data": {"sku":7} }]""")).Status.ShouldBe(200, "sent again");
        (status, body, _) = await AppendAsync(api, "order-1", "1", """[{ "specversion": "1.0", "id": "c", "source": "/shop", "type": "order.sent" }]""");
        (status, (long)body!["actual"]!, (string)body["type"]!).ShouldBe((409, 2, "urn:mainstay:problem:wrong-version"));

        var page = await api.GetJsonAsync("/api/v1/streams/order-1/events?limit=1");
        page["events"]![0]!["event"]!.ToJsonString().ShouldBe("""{"specversion":"1.0","id":"a","source":"/shop","type":"order.made","datacontenttype":"application/json","data":{"sku":7}}""");
        ((long)page["next"]!, (bool)page["end"]!, (long)page["last"]!).ShouldBe((1, false, 2));
        (await api.GetJsonAsync("/api/v1/streams/order-1/events?backward=true"))["events"]!.AsArray().Select(e => (long)e!["version"]!).ShouldBe([2, 1]);
        (await api.GetJsonAsync("/api/v1/state/events?types=order.p*&streams=order-*"))["events"]!.AsArray().Select(e => $"{e!["stream"]} {e["position"]}").ShouldBe(["order-1 2"]);

        (await api.SendAsync(HttpMethod.Post, "/api/v1/streams/order-1/truncate?before=2")).Status.ShouldBe(200);
        (await api.SendAsync(HttpMethod.Post, "/api/v1/streams/order-2/terms", """{ "keepEvents": 5, "keepFor": "24h" }""")).Status.ShouldBe(200);
        (await api.GetJsonAsync("/api/v1/streams"))["items"]!.AsArray().Select(s => $"{s!["name"]} {s["version"]} {s["first"]} {s["keepEvents"]}").ShouldBe(["order-1 2 2 0", "order-2 0 1 5"]);
        (await api.SendAsync(HttpMethod.Delete, "/api/v1/streams/order-1")).Status.ShouldBe(200);
        (await api.ProblemAsync(HttpMethod.Get, "/api/v1/streams/order-1/events")).Status.ShouldBe(410);
        (await api.GetJsonAsync("/api/v1/audits"))["items"]!.AsArray().Select(a => $"{a!["verb"]} {a["about"]}").ShouldBe(["truncate before 2 stream/order-1", "keep 5 for 1d stream/order-2", "delete stream/order-1"]);
        api.Faults.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("streams/a%2Fb/events", "x", "text/plain", 400, "not the name of a stream")]
    [InlineData("streams/..x/events", "x", "text/plain", 400, "not the name of a stream")]
    [InlineData("streams/s/events", "x", "text/plain", 400, "has no id, source and type")]
    [InlineData("streams/s/events?expected=-1", "[]", "application/cloudevents-batch+json", 400, "no version to expect")]
    [InlineData("streams/s/events", "[]", "application/cloudevents-batch+json", 400, "1 to 5000 events")]
    [InlineData("streams/s/events", """[{ "specversion": "1.0", "id": "i", "source": "s", "type": "t", "delay": "1s" }]""", "application/cloudevents-batch+json", 400, "neither priority nor delay")]
    [InlineData("streams/s/events", """[{ "specversion": "1.0", "id": "i", "source": "s", "type": "t" }, { "specversion": "1.0", "id": "i", "source": "s", "type": "t" }]""", "application/cloudevents-batch+json", 409, "has the source and id of one before it")]
    [InlineData("streams/s/truncate", "", "", 400, "'before' is missing")]
    [InlineData("streams/s/truncate?before=1", "", "", 404, "there is no stream")]
    [InlineData("streams/s/snapshot?version=1", "x", "", 409, "no event yet")]
    [InlineData("streams/s/terms", """{ "keepEvents": -1 }""", "application/json", 400, "out of bounds")]
    [InlineData("stream-readers/queue:x", "{}", "application/json", 400, "no name for a reader")]
    [InlineData("stream-readers/r", """{ "position": 5 }""", "application/json", 409, "is at position 0")]
    [InlineData("stream-readers/r/rewind", """{ "position": -5 }""", "application/json", 400, "not negative")]
    public async Task What_is_wrong_is_told_and_nothing_is_stored(string path, string body, string type, int status, string told)
    {
        await using var api = await StartAsync(with: s => s with { Data = folder.Path });
        var answer = await PostAsync(api, path, body, type);
        answer.Status.ShouldBe(status);
        ((string)answer.Body!["detail"]!).ShouldContain(told);
        (await api.GetJsonAsync("/api/v1/state/events"))["events"]!.AsArray().ShouldBeEmpty();
        api.Faults.ShouldBeEmpty();
    }

    [Fact]
    public async Task Who_follows_gets_each_event_once_and_resumes()
    {
        await using var api = await StartAsync(with: s => s with { Data = folder.Path });
        using (var live = await api.OpenAsync("/api/v1/streams/s/events?follow=true"))
        {
            await AppendAsync(api, "s", "any", """[{ "specversion": "1.0", "id": "a", "source": "/x", "type": "t", "data": {"lines":[1, 2]} }]""");
            var first = (await live.EventAsync())!;
            (first.Id, first.Name, first.Data["event"]!["data"]!.ToJsonString()).ShouldBe(("1", "appended", """{"lines":[1,2]}"""));
        }

        await AppendAsync(api, "s", "any", """[{ "specversion": "1.0", "id": "b", "source": "/x", "type": "t" }]""");
        using var resumed = await api.OpenAsync("/api/v1/streams/s/events?follow=true", lastEventId: "1");
        (await resumed.EventAsync())!.Id.ShouldBe("2");
        using var all = await api.OpenAsync("/api/v1/state/events?after=end&follow=true");
        await AppendAsync(api, "z", "any", """[{ "specversion": "1.0", "id": "c", "source": "/x", "type": "t" }]""");
        (await all.EventAsync())!.Id.ShouldBe("3");
    }

    [Fact]
    public async Task A_service_keeps_its_state_in_a_stream()
    {
        await using var api = await StartAsync(with: s => s with { Data = folder.Path });
        using var client = new StreamClient(api.Url, patience: TimeSpan.Zero);
        await client.AppendAsync("cart", ExpectedVersion.None, [StreamEvent.Of("added", "1", 5), StreamEvent.Of("added", "2", 7)]);
        var (sum, version) = await client.LoadAsync("cart", 0, (s, e) => s + e.Read<int>(), "sum");
        (sum, version).ShouldBe((12, 2));
        (await client.SaveSnapshotAsync("cart", sum, version, "sum")).ShouldBeTrue();
        (await client.SaveSnapshotAsync("cart", 5, 1, "sum")).ShouldBeFalse("there is a newer one");
        await client.AppendAsync("cart", ExpectedVersion.Of(2), [StreamEvent.Of("added", "3", 1)]);
        List<string> applied = [];
        (await client.LoadAsync("cart", 0, (s, e) => { applied.Add(e.Id); return s + e.Read<int>(); }, "sum")).ShouldBe((13, 3));
        applied.ShouldBe(["3"], "the rest is in the snapshot");
        (await client.LoadAsync("cart", 0, (s, e) => s + e.Read<int>(), "other")).ShouldBe((13, 3));
        (await Should.ThrowAsync<WrongVersionException>(() => client.AppendAsync("cart", ExpectedVersion.Of(2), [StreamEvent.Of("added", "4", 1)]))).Actual.ShouldBe(3);

        List<long> seen = [];
        using var enough = new CancellationTokenSource();
        await client.ProcessAsync(
            "reader",
            (one, _) =>
            {
                seen.Add(one.Position);
                if (seen.Count == 3) enough.Cancel();
                return Task.CompletedTask;
            },
            stop: enough.Token);
        seen.ShouldBe([1, 2, 3]);
        await foreach (var one in client.FollowAllAsync(2))
        {
            one.Id.ShouldBe("3");
            break;
        }
    }

    [Fact]
    public async Task A_queue_gets_what_is_appended_to_its_streams_and_is_sent_back()
    {
        await using var api = await StartAsync(with: s => s with { Data = folder.Path });
        using var streams = new StreamClient(api.Url, patience: TimeSpan.Zero);
        await streams.AppendAsync("order-1", ExpectedVersion.Any, [StreamEvent.Of("made", "1", 1)]);
        await api.PutAsync(new Queue { Name = "mails", Spec = new() { Streams = ["order-*"], Types = ["made", "sent"] } });
        await streams.AppendAsync("cart-1", ExpectedVersion.Any, [StreamEvent.Of("made", "2", 2)]);
        await streams.AppendAsync("order-1", ExpectedVersion.Any, [StreamEvent.Of("paid", "3", 3), StreamEvent.Of("sent", "4", 4)]);
        using var queues = new QueueClient(api.Url, patience: TimeSpan.Zero);
        async Task<string[]> TakeAsync(int count)
        {
            List<string> taken = [];
            await Until.HoldsAsync(
                async () => (int)(await api.GetJsonAsync("/api/v1/state/queues"))["items"]!.AsArray().Select(q => (long)q!["ready"]! + (long)q["waiting"]!).Sum() >= count,
                () => api.Time.Advance(TimeSpan.FromMilliseconds(200)));
            while (taken.Count < count)
            {
                foreach (var one in await queues.PullAsync("mails", 1))
                {
                    taken.Add($"{one.Type} {one.Key}");
                    await queues.AckAsync("mails", [one]);
                }
            }

            return [.. taken];
        }

        (await TakeAsync(2)).ShouldBe(["made order-1", "sent order-1"]);
        await Until.HoldsAsync(async () => (await api.GetJsonAsync("/api/v1/state/streams"))["readers"]!.AsArray().Select(r => $"{r!["name"]} {r["position"]}").SequenceEqual(["queue:mails 4"]), () => api.Time.Advance(TimeSpan.FromMilliseconds(200)));
        (await PostAsync(api, "stream-readers/queue:mails/rewind", """{ "position": 0 }""", "application/json")).Status.ShouldBe(200);
        (await TakeAsync(2)).ShouldBe(["made order-1", "sent order-1"], "although they came within 'dedupe'");
        api.Faults.ShouldBeEmpty();
    }

    static Task<(int Status, JsonNode? Body, HttpResponseMessage Response)> AppendAsync(ApiFixture api, string stream, string expected, string events) =>
        PostAsync(api, $"streams/{stream}/events?expected={expected}", events, "application/cloudevents-batch+json");

    static Task<(int Status, JsonNode? Body, HttpResponseMessage Response)> PostAsync(ApiFixture api, string path, string body, string type) =>
        api.SendAsync(HttpMethod.Post, "/api/v1/" + path, with: request =>
        {
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
            if (type.Length > 0)
                request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
        });
}
