using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Mainstay.Client.Queues;
using Mainstay.Core.Kinds.State;
using Mainstay.Core.Kinds.Traffic;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Shouldly;
using Xunit;
using static Mainstay.Tests.Host.Api.ApiFixture;

namespace Mainstay.Tests.Host.Api;

/// <summary>Queues over HTTP, and sent to a service.</summary>
public sealed class QueueEndpointsTests : IDisposable
{
    readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task EventsGoInAndOutInEveryModeOfCloudEvents()
    {
        await using var api = await StartWithAsync(new Queue { Name = "orders", Spec = new() });
        (await PostAsync(api, "queues/orders/messages", "hello", "text/plain")).Status.ShouldBe(201);
        (await PostAsync(api, "queues/orders/messages", """{ "sku": 7 }""", "application/json", ("ce-specversion", "1.0"), ("ce-id", "a-1"), ("ce-source", "/shop"), ("ce-type", "order.made"), ("ce-partitionkey", "c%2042"))).Status.ShouldBe(201);
        (await PostAsync(api, "queues/orders/messages", """{ "specversion": "1.0", "id": "a-1", "source": "/shop", "type": "order.made", "data": [1] }""", "application/cloudevents+json")).Body!["messages"]![0]!.ToJsonString()
            .ShouldBe("""{"id":"2","duplicate":true}""");
        (await PostAsync(api, "queues/orders/messages", """[{ "specversion": "1.0", "id": "b", "source": "/shop", "type": "t", "priority": 9, "data_base64": "AAE=" }, { "specversion": "1.0", "id": "c", "source": "/shop", "type": "t", "delay": "1h", "mine": true }]""", "application/cloudevents-batch+json")).Status.ShouldBe(201);

        var pulled = (await PostAsync(api, "queues/orders/pull?max=10")).Body!["messages"]!.AsArray();
        pulled.Select(m => $"{m!["receipt"]} {m["event"]!["type"]} {m["event"]!["data"]?.ToJsonString()}{m["event"]!["data_base64"]} {m["event"]!["partitionkey"]}").ShouldBe(
            ["3-1 t AAE= ", "1-1 message \"hello\" ", "2-1 order.made {\"sku\":7} c 42"]);
        (await PostAsync(api, "queues/orders/settle", """{ "ack": ["3-1", "9-9"], "retry": [{ "receipt": "1-1", "after": "0s", "why": "busy" }], "dead": [{ "receipt": "2-1", "why": "bad" }] }""")).Body!.ToJsonString()
            .ShouldBe("""{"count":3,"gone":["9-9"]}""");

        (await api.GetJsonAsync("/api/v1/queues/orders/messages")).AsObject()["messages"]!.AsArray().Select(m => $"{m!["id"]} {m["state"]} {m["attempt"]} {m["why"]}").ShouldBe(["1 ready 1 busy", "2 dead 1 bad", "4 later 0 "]);
        var standing = (await api.GetJsonAsync("/api/v1/state/queues"))["items"]![0]!;
        ((int)standing["ready"]!, (int)standing["waiting"]!, (int)standing["dead"]!, (int)standing["acked"]!).ShouldBe((1, 1, 1, 1));
        (await PostAsync(api, "queues/orders/replay", "{}")).Body!.ToJsonString().ShouldBe("""{"count":1}""");
        (await PostAsync(api, "queues/orders/purge")).Body!.ToJsonString().ShouldBe("""{"count":3}""");
        (await api.GetJsonAsync("/api/v1/audits"))["items"]!.AsArray().Select(a => $"{a!["verb"]} {a["about"]}").ShouldBe(["replay queue/orders", "purge queue/orders"]);
        api.Faults.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("queues/ghost/messages", "x", "text/plain", 404, "there is no queue 'ghost'")]
    [InlineData("topics/ghost/messages", "x", "text/plain", 404, "no queue has the topic")]
    [InlineData("queues/orders/messages", "{", "application/json", 400, "is no JSON")]
    [InlineData("queues/orders/messages", "{", "application/cloudevents+json", 400, "the body is not")]
    [InlineData("queues/orders/messages", "[]", "application/cloudevents-batch+json", 400, "1 to 5000 events")]
    [InlineData("queues/orders/messages", """{ "specversion": "1.0", "id": "", "source": "s", "type": "t" }""", "application/cloudevents+json", 400, "'id' is missing")]
    [InlineData("queues/orders/messages", """{ "specversion": "0.3", "id": "i", "source": "s", "type": "t" }""", "application/cloudevents+json", 400, "not 1.0")]
    [InlineData("queues/orders/messages", """{ "specversion": "1.0", "id": "i", "source": "s", "type": "t", "Bad-Name": "x" }""", "application/cloudevents+json", 400, "no name of an attribute")]
    [InlineData("queues/orders/messages", """{ "specversion": "1.0", "id": "i", "source": "s", "type": "t", "priority": 10 }""", "application/cloudevents+json", 400, "no priority")]
    [InlineData("queues/orders/messages", """{ "specversion": "1.0", "id": "i", "source": "s", "type": "t", "delay": "31d" }""", "application/cloudevents+json", 400, "no delay")]
    [InlineData("queues/orders/messages", """[{ "specversion": "1.0", "id": "i", "source": "s", "type": "t" }, 5]""", "application/cloudevents-batch+json", 400, "event 1: an event is a JSON object")]
    [InlineData("queues/orders/messages", """{ "specversion": "1.0", "id": "i", "source": "s", "type": "t", "datacontenttype": "application/json", "data_base64": "ewo=" }""", "application/cloudevents+json", 400, "is no JSON")]
    [InlineData("queues/orders/pull?max=0", "", "", 400, "not a whole number")]
    [InlineData("queues/orders/settle", "{}", "application/json", 400, "0 receipts")]
    [InlineData("queues/orders/replay", """{ "ids": ["x"] }""", "application/json", 400, "an id is no number")]
    public async Task WhatIsWrongIsToldAndNothingIsStored(string path, string body, string type, int status, string told)
    {
        await using var api = await StartWithAsync(new Queue { Name = "orders", Spec = new() });
        var answer = await PostAsync(api, path, body, type);
        answer.Status.ShouldBe(status);
        ((string)answer.Body!["detail"]!).ShouldContain(told);
        (await api.GetJsonAsync("/api/v1/queues/orders/messages"))["messages"]!.AsArray().ShouldBeEmpty();
        api.Faults.ShouldBeEmpty();
    }

    [Fact]
    public async Task AFullQueueSaysWhenToComeAgain()
    {
        await using var api = await StartWithAsync(new Queue { Name = "orders", Spec = new() { MaxMessages = 1 } });
        (await PostAsync(api, "queues/orders/messages", "x", "text/plain")).Status.ShouldBe(201);
        var (status, _, response) = await PostAsync(api, "queues/orders/messages", "x", "text/plain");
        status.ShouldBe(429);
        response.Headers.RetryAfter!.ToString().ShouldBe("1");
    }

    [Fact]
    public async Task AQueueSendsToItsServiceUntilThatAcknowledges()
    {
        var seen = new List<string>();
        await using var service = Service(async context =>
        {
            var body = await new StreamReader(context.Request.Body).ReadToEndAsync();
            lock (seen)
                seen.Add($"{context.Request.Path} {context.Request.Headers["ce-type"]} {context.Request.Headers["ce-source"]} {context.Request.Headers["Mainstay-Attempt"]} {context.Request.Headers["Idempotency-Key"]} {context.Request.ContentType} {body}");
            context.Response.StatusCode = seen.Count == 1 ? 500 : 204;
        });
        await service.StartAsync();
        var port = new Uri(service.Urls.Single()).Port;
        await using var api = await StartWithAsync(
            new Queue { Name = "orders", Spec = new() { Backoff = TimeSpan.FromSeconds(2), Push = new() { To = "mailer", Path = "/events", Timeout = TimeSpan.FromHours(1) } } },
            new MeshLink { Name = "orders.mailer", Caller = "orders", Callee = "mailer", Port = port });
        (await PostAsync(api, "queues/orders/messages", "{}", "application/json", ("ce-specversion", "1.0"), ("ce-id", "1"), ("ce-source", "/shop"), ("ce-type", "order.made"))).Status.ShouldBe(201);
        await Until.HoldsAsync(async () => (int)(await api.GetJsonAsync("/api/v1/state/queues"))["items"]![0]!["acked"]! == 1, () => api.Time.Advance(TimeSpan.FromMilliseconds(100)));
        seen.ShouldBe(["/events order.made /shop 1 \"orders-1\" application/json {}", "/events order.made /shop 2 \"orders-1\" application/json {}"]);
    }

    [Fact]
    public async Task AServiceProcessesWhatAnotherPublishesAndSeesAgainWhatItFailedAt()
    {
        await using var api = await StartWithAsync(new Queue { Name = "orders", Spec = new() { Backoff = TimeSpan.Zero, DeadLetterAfter = 3, Topics = ["shop"] } });
        using var client = new QueueClient(api.Url, patience: TimeSpan.Zero);
        await client.PublishAsync("orders", [QueueEvent.Of("order.made", "a", new { Sku = 7 }) with { Key = "ann" }, QueueEvent.Of("order.made", "b", new { Sku = 8 }) with { Key = "ann" }]);
        await client.PublishToTopicAsync("shop", [QueueEvent.Of("order.made", "a", new { Sku = 7 })]);
        using var enough = new CancellationTokenSource();
        var seen = new List<string>();
        await client.ProcessAsync(
            "orders",
            (taken, _) =>
            {
                seen.Add($"{taken.Id} {taken.Attempt} {taken.Read<Dictionary<string, int>>()!["sku"]}");
                if (seen.Count == 1)
                    throw new InvalidOperationException("busy");
                if (taken.Id == "b")
                    enough.Cancel();
                return Task.CompletedTask;
            },
            enough.Token);
        seen.ShouldBe(["a 1 7", "a 2 7", "b 1 8"]);
        var standing = (await api.GetJsonAsync("/api/v1/state/queues"))["items"]![0]!;
        ((int)standing["ready"]!, (int)standing["acked"]!, (int)standing["duplicates"]!).ShouldBe((0, 2, 1));
        (await Should.ThrowAsync<HttpRequestException>(() => client.PublishAsync("ghost", [QueueEvent.Of("t", "c", 1)]))).Message.ShouldContain("there is no queue 'ghost'");
    }

    static WebApplication Service(RequestDelegate handle)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrel(k => k.Listen(IPAddress.Loopback, 0));
        var app = builder.Build();
        app.Run(handle);
        return app;
    }

    async Task<ApiFixture> StartWithAsync(params Mainstay.Core.Kinds.Resource[] resources)
    {
        var api = await StartAsync(with: s => s with { Data = folder.Path });
        await api.PutAsync(resources);
        await Until.HoldsAsync(async () => (await api.GetJsonAsync("/api/v1/state/queues"))["items"]!.AsArray().Count == 1);
        return api;
    }

    static Task<(int Status, JsonNode? Body, HttpResponseMessage Response)> PostAsync(ApiFixture api, string path, string body = "", string type = "application/json", params (string Name, string Value)[] headers) =>
        api.SendAsync(HttpMethod.Post, "/api/v1/" + path, with: request =>
        {
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
            if (type.Length > 0)
                request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
            foreach (var (name, value) in headers)
                request.Headers.TryAddWithoutValidation(name, value);
        });
}
