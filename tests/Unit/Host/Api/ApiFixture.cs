using System.Text;
using System.Text.Json.Nodes;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Store;
using Mainstay.Host.Api;
using Mainstay.Host.Security;
using Microsoft.AspNetCore.Builder;
using Shouldly;

namespace Mainstay.Tests.Host.Api;

/// <summary>The Admin API on a free loopback port, over a store in memory and a clock that moves when told.</summary>
public sealed class ApiFixture : IAsyncDisposable
{
    public const string InternalToken = "internal-token-of-the-tests";

    readonly WebApplication app;

    ApiFixture(WebApplication app, MemoryStore store, FakeTime time, List<string> faults)
    {
        this.app = app;
        (Store, Time, Faults) = (store, time, faults);
        Url = new Uri(app.Urls.Single());
        Client = new HttpClient { BaseAddress = Url };
        Agent = new HttpClient { BaseAddress = Url };
        Agent.DefaultRequestHeaders.Add(AccessRules.InternalHeader, InternalToken);
    }

    public MemoryStore Store { get; }

    public FakeTime Time { get; }

    public List<string> Faults { get; }

    public Uri Url { get; }

    /// <summary>A client of the public API.</summary>
    public HttpClient Client { get; }

    /// <summary>A client with the internal token.</summary>
    public HttpClient Agent { get; }

    public static async Task<ApiFixture> StartAsync(
        ApiLimits? limits = null, string? token = null, string? dashboard = null, int keepRevisions = 100_000, Func<ServerServices, ServerServices>? with = null)
    {
        var time = new FakeTime();
        var store = new MemoryStore(time, keepRevisions);
        var faults = new List<string>();
        var options = new ApiOptions
        {
            Listen = "http://127.0.0.1:0",
            InternalToken = InternalToken,
            Token = token,
            Dashboard = dashboard,
            Version = "9.8.7",
            Limits = limits ?? new(),
        };
        var services = new ServerServices(store, CoreKinds.All, time)
        {
            OnFault = (where, fault) =>
            {
                lock (faults)
                    faults.Add($"{where}: {fault}");
            },
        };
        var app = ApiServer.Build(options, with?.Invoke(services) ?? services);
        await app.StartAsync();
        return new(app, store, time, faults);
    }

    /// <summary>Writes resources in one commit; gives its revision.</summary>
    public async Task<long> PutAsync(params Resource[] resources) =>
        (await Store.CommitAsync(new([], [.. resources.Select(r => new Operation(CoreKinds.All.Of(r.GetType()).KeyOf(r.Name), Codec.Encode(r)))]))).Revision;

    public async Task<long> DeleteAsync(string key) => (await Store.CommitAsync(new([], [new(key, null)]))).Revision;

    public async Task<T?> ReadAsync<T>(string name)
        where T : Resource =>
        await Store.GetAsync(CoreKinds.All.Of<T>().KeyOf(name)) is { } entry ? (T)CoreKinds.All.Of<T>().Decode(entry) : null;

    public async Task<JsonNode> GetJsonAsync(string path) => JsonNode.Parse(await Client.GetStringAsync(path))!;

    /// <summary>Sends a request and gives status and body.</summary>
    public async Task<(int Status, JsonNode? Body, HttpResponseMessage Response)> SendAsync(
        HttpMethod method, string path, string? json = null, Action<HttpRequestMessage>? with = null, HttpClient? client = null)
    {
        var request = new HttpRequestMessage(method, path);
        if (json is not null)
        {
            request.Content = new StringContent(json, Encoding.UTF8, "application/json");
        }

        with?.Invoke(request);
        var response = await (client ?? Client).SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        return ((int)response.StatusCode, text.StartsWith('{') ? JsonNode.Parse(text) : null, response);
    }

    /// <summary>Asks for what fails, checks that it is a whole problem document, and gives status and type's last word.</summary>
    public async Task<(int Status, string Word, JsonNode Body)> ProblemAsync(
        HttpMethod method, string path, string? json = null, Action<HttpRequestMessage>? with = null, HttpClient? client = null)
    {
        var (status, body, response) = await SendAsync(method, path, json, with, client);
        response.Content.Headers.ContentType!.MediaType.ShouldBe(ProblemAnswer.MediaType);
        body.ShouldNotBeNull();
        ((int)body["status"]!).ShouldBe(status);
        foreach (var member in new[] { "title", "detail", "remedy" })
        {
            ((string?)body[member]).ShouldNotBeNullOrWhiteSpace();
        }

        return (status, ((string)body["type"]!).Split(':')[^1], body);
    }

    /// <summary>Opens a stream of events or lines.</summary>
    public async Task<StreamReaderOf> OpenAsync(string path, HttpClient? client = null, string? lastEventId = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (lastEventId is not null)
        {
            request.Headers.Add("Last-Event-ID", lastEventId);
        }

        var response = await (client ?? Client).SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        ((int)response.StatusCode).ShouldBe(200);
        return new(response, await response.Content.ReadAsStreamAsync());
    }

    public Task StopAsync() => app.StopAsync();

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        Agent.Dispose();
        await app.StopAsync();
        await app.DisposeAsync();
        await Store.DisposeAsync();
    }

    /// <summary>A declared service with the usual content.</summary>
    public static Service Service(string name, Criticality criticality = Criticality.Medium, params string[] needs) => new()
    {
        Name = name,
        BaseFolder = "/shop",
        Spec = new ServiceSpec { Run = $"./{name}", Version = "1.0.0", Criticality = criticality, Needs = needs.ToDictionary(n => n, _ => new NeedSpec()) },
    };

    /// <summary>An instance as the scheduler makes it.</summary>
    public static Instance Instance(string name, string service, string host = "local") => new()
    {
        Name = name,
        Service = service,
        Host = host,
        Template = new InstanceTemplate { Hash = "0123456789ab", Version = "1.0.0", Run = $"./{service}", Folder = "/shop", Health = new(), Restart = new() },
    };
}
