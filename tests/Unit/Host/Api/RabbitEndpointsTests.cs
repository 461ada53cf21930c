using System.Text;
using System.Text.Json.Nodes;
using Mainstay.Core.Kinds.State;
using Mainstay.Host.Roles;
using Mainstay.Tests.State;
using Shouldly;
using Xunit;
using static Mainstay.Tests.Host.Api.ApiFixture;

namespace Mainstay.Tests.Host.Api;

/// <summary>Queues of both engines over HTTP, on a real broker.</summary>
[Collection(RabbitTests.Name)]
public sealed class RabbitEndpointsTests(RabbitServer server) : IDisposable
{
    readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task BothEnginesServeSideBySideAndEachQueueTellsItsOwn()
    {
        await using var api = await StartAsync(with: s => s with { Data = folder.Path, Queues = new($"amqp://guest@127.0.0.1:{server.Address.Nodes[0].Port}", null) });
        await api.PutAsync(new Queue { Name = "far", Spec = new() { Engine = QueueEngineKind.Rabbitmq, Topics = ["orders"] } }, new Queue { Name = "near", Spec = new() });
        await Until.HoldsAsync(async () => (await FiguresAsync(api)).Count == 2);
        foreach (var at in new[] { "queues/far", "queues/near", "topics/orders" })
            (await PostAsync(api, $"{at}/messages", "hello")).Status.ShouldBe(201);
        (await FiguresAsync(api)).Select(f => $"{f!["name"]} {f["engine"]} {f["ready"]}").ShouldBe(["far rabbitmq 2", "near embedded 1"]);
        var pulled = (await PostAsync(api, "queues/far/pull?max=5")).Body!["messages"]!.AsArray();
        var receipts = string.Join(',', pulled.Select(m => m!["receipt"]!.ToJsonString()));
        (await PostAsync(api, "queues/far/settle", $$"""{ "ack": [{{receipts}}] }""", "application/json")).Body!["count"]!.GetValue<int>().ShouldBe(2);
        api.Faults.ShouldBeEmpty();
    }

    [Theory]
    [InlineData(null, "the server does not know where that is: start it with MAINSTAY_QUEUES")]
    [InlineData("amqp://mainstay:pa55word@h", "which others may see")]
    public async Task WithoutAnAddressItIsToldWhatToDoAndNoPasswordIs(string? address, string told)
    {
        await using var api = await StartAsync(with: s => s with { Data = folder.Path, Queues = new(address, null) });
        await api.PutAsync(new Queue { Name = "far", Spec = new() { Engine = QueueEngineKind.Rabbitmq } });
        (int Status, JsonNode? Body, HttpResponseMessage Response) refused = default;
        await Until.HoldsAsync(async () => (refused = await PostAsync(api, "queues/far/messages", "hello")).Status == 503);
        ((string)refused.Body!["detail"]!).ShouldSatisfyAllConditions(d => d.ShouldContain(told), d => d.ShouldNotContain("pa55word"));
    }

    static async Task<JsonArray> FiguresAsync(ApiFixture api) => (await api.GetJsonAsync("/api/v1/state/queues"))["items"]!.AsArray();

    static Task<(int Status, JsonNode? Body, HttpResponseMessage Response)> PostAsync(ApiFixture api, string path, string body = "", string type = "text/plain") =>
        api.SendAsync(HttpMethod.Post, "/api/v1/" + path, with: request => request.Content = new StringContent(body, Encoding.UTF8, type));
}
