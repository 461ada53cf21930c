using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Mainstay.Client.Registry;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Reconcile;
using Mainstay.Schedule.Decide;
using Mainstay.Schedule.Drivers;
using Shouldly;
using Xunit;
using static Mainstay.Tests.Host.Api.ApiFixture;

namespace Mainstay.Tests.Host.Api;

/// <summary>The registry over HTTP, with the reconciler that makes endpoints of what is registered and real sockets that are checked.</summary>
public sealed class RegistryEndpointsTests
{
    [Fact]
    public async Task WhatIsRegisteredIsCheckedUsedAndGoneWithItsLease()
    {
        await using var api = await StartAsync();
        await using var loop = new Running(api);
        using var answers = new Listener();
        await api.PutAsync(new Architecture { Name = Architecture.TheName, Title = "shop", Running = true }, Payments);
        var (status, body, _) = await PutAsync(api, "eu-1", $$"""{ "address": "{{answers.Address}}", "version": "3.3.0", "ttl": "10s", "labels": { "zone": "eu" } }""");
        status.ShouldBe(200);
        ((string)body!["name"]!, (string)body["address"]!, (string)body["ttl"]!).ShouldBe(("payments.eu-1", answers.Address, "10s"));
        await InTableAsync(api, answers.Address, TimeSpan.Zero);
        var one = (await api.GetJsonAsync("/api/v1/registry/payments"))["instances"]![0]!;
        ((string)one["state"]!, (bool)one["inTable"]!, (string)one["version"]!, (string)one["source"]!, (string)one["labels"]!["zone"]!).ShouldBe(("ready", true, "3.3.0", "registered", "eu"));

        // Renewals keep it, and write nothing.
        var written = (await api.ReadAsync<Registration>("payments.eu-1"))!.Revision;
        for (var second = 0; second < 30; second++)
        {
            api.Time.Advance(TimeSpan.FromSeconds(1));
            (await api.SendAsync(HttpMethod.Post, "/api/v1/registry/payments/eu-1/renew", "{}")).Status.ShouldBe(200);
        }

        (await PutAsync(api, "eu-1", $$"""{ "address": "{{answers.Address}}", "version": "3.3.0", "ttl": "10s", "labels": { "zone": "eu" } }""")).Status.ShouldBe(200);
        (await AuditsAsync(api)).ShouldBe(["register registration/payments.eu-1"]);
        (await api.ReadAsync<Registration>("payments.eu-1"))!.Revision.ShouldBe(written);

        // Nobody renews it.
        await Until.HoldsAsync(async () => (await api.ReadAsync<Endpoints>("payments"))!.Items.Count == 0, () => api.Time.Advance(TimeSpan.FromSeconds(1)));
        (await api.ReadAsync<Registration>("payments.eu-1")).ShouldBeNull();
        (await api.ProblemAsync(HttpMethod.Post, "/api/v1/registry/payments/eu-1/renew", "{}")).Status.ShouldBe(404);
        api.Faults.ShouldBeEmpty();
    }

    [Fact]
    public async Task AnAddressThatFailsItsChecksLeavesAndReturns()
    {
        await using var api = await StartAsync();
        await using var loop = new Running(api);
        var answers = new Listener();
        var address = answers.Address;
        await api.PutAsync(
            new Architecture { Name = Architecture.TheName, Title = "shop", Running = true },
            Payments with { Spec = Payments.Spec with { External = new() { Endpoints = [address] }, Health = Patient with { Failures = 2 } } });
        await InTableAsync(api, address);
        answers.Dispose();
        await Until.HoldsAsync(async () => (await api.ReadAsync<Endpoints>("payments"))!.Items.Count == 0, () => api.Time.Advance(TimeSpan.FromMilliseconds(200)));
        ((string)(await api.GetJsonAsync("/api/v1/registry/payments"))["instances"]![0]!["message"]!).ShouldNotBeEmpty();
        using var again = new Listener(IPEndPoint.Parse(address).Port);
        await InTableAsync(api, address);

        // What is declared no longer leaves nothing behind.
        var now = (await api.ReadAsync<Service>("payments"))!;
        await api.PutAsync(now with { Removed = true });
        await Until.HoldsAsync(async () => await api.ReadAsync<Service>("payments") is null && await api.ReadAsync<Endpoints>("payments") is null && await api.ReadAsync<Vitals>("payments") is null);
        api.Faults.ShouldBeEmpty();
    }

    [Fact]
    public async Task WhoeverWaitsForAnotherContentIsToldAndWatchesSeeEachService()
    {
        await using var api = await StartAsync();
        await api.PutAsync(Payments, Service("web"));
        var first = await api.Client.GetAsync("/api/v1/registry");
        var tag = first.Headers.ETag!.ToString();
        (await api.SendAsync(HttpMethod.Get, "/api/v1/registry", with: r => r.Headers.TryAddWithoutValidation("If-None-Match", tag))).Status.ShouldBe(304);
        var idle = api.SendAsync(HttpMethod.Get, "/api/v1/registry?wait=5", with: r => r.Headers.TryAddWithoutValidation("If-None-Match", tag));
        (await Until.DoneAsync(idle, () => api.Time.Advance(TimeSpan.FromMilliseconds(100)))).Status.ShouldBe(304);

        using var watch = await api.OpenAsync("/api/v1/registry?watch=true");
        await watch.EventAsync("list");
        using var single = await api.OpenAsync("/api/v1/registry/web?watch=true");
        await single.EventAsync("put");
        var waiting = api.SendAsync(HttpMethod.Get, "/api/v1/registry?wait=60", with: r => r.Headers.TryAddWithoutValidation("If-None-Match", tag));
        await api.PutAsync(Instance("web-1", "web"));
        var (status, body, response) = await Until.DoneAsync(waiting, () => api.Time.Advance(TimeSpan.FromMilliseconds(10)));
        (status, body!["items"]![1]!["instances"]!.AsArray().Count).ShouldBe((200, 1));
        response.Headers.ETag!.ToString().ShouldNotBe(tag);
        foreach (var stream in new[] { watch, single })
        {
            var told = await Until.DoneAsync(stream.EventAsync("put"), () => api.Time.Advance(TimeSpan.FromMilliseconds(10)));
            ((string)told.Data["name"]!).ShouldBe("web");
        }

        await api.DeleteAsync("service/web");
        var gone = await Until.DoneAsync(watch.EventAsync("delete"), () => api.Time.Advance(TimeSpan.FromMilliseconds(10)));
        ((string)gone.Data["name"]!).ShouldBe("web");
        (await api.ProblemAsync(HttpMethod.Get, "/api/v1/registry/web")).Status.ShouldBe(404);
        (await api.ProblemAsync(HttpMethod.Get, "/api/v1/registry?wait=61")).Status.ShouldBe(400);
        api.Faults.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("payments", "eu-1", """{ "address": "nowhere" }""", 400)]
    [InlineData("payments", "eu-1", """{ "address": "a:80", "ttl": "999ms" }""", 400)]
    [InlineData("payments", "eu-1", """{ "address": "a:80", "ttl": "25h" }""", 400)]
    [InlineData("payments", "eu-1", """{ "address": "a:80", "version": "new" }""", 400)]
    [InlineData("payments", "eu-1", """{ "address": "a:80", "labels": { "": "x" } }""", 400)]
    [InlineData("payments", "eu-1", """{ "address": "a:80", "unknown": 1 }""", 400)]
    [InlineData("payments", "eu-1", "{}", 400)]
    [InlineData("payments", "EU", """{ "address": "a:80" }""", 400)]
    [InlineData("payments", "a-very-long-name-that-together-with-that-of-the-service-is-too-long", """{ "address": "a:80" }""", 400)]
    [InlineData("nobody", "eu-1", """{ "address": "a:80" }""", 404)]
    [InlineData("web", "eu-1", """{ "address": "a:80" }""", 409)]
    public async Task WhatCannotBeIsRefusedAndLeavesNothing(string service, string id, string json, int expected)
    {
        await using var api = await StartAsync();
        await api.PutAsync(Payments, Service("web"));
        var (status, _, _) = await api.ProblemAsync(HttpMethod.Put, $"/api/v1/registry/{service}/{id}", json);
        status.ShouldBe(expected);
        (await api.Store.RangeAsync("registration/")).Entries.ShouldBeEmpty();
        (await AuditsAsync(api)).ShouldBeEmpty();
    }

    [Fact]
    public async Task AServiceRegistersItselfAsLongAsItLives()
    {
        await using var api = await StartAsync();
        await api.PutAsync(Payments);
        using var client = new RegistryClient(api.Url, null, api.Time);
        var held = await client.RegisterAsync("payments", "self", "127.0.0.1:1", new() { Ttl = TimeSpan.FromSeconds(6), Version = "1.0.0" });
        (await api.ReadAsync<Registration>("payments.self"))!.Version.ShouldBe("1.0.0");

        // What ended meanwhile is registered anew.
        (await api.SendAsync(HttpMethod.Delete, "/api/v1/registry/payments/self")).Status.ShouldBe(200);
        api.Time.Advance(TimeSpan.FromSeconds(2));
        await Until.HoldsAsync(async () => await api.ReadAsync<Registration>("payments.self") is not null);
        await held.DisposeAsync();
        (await api.ReadAsync<Registration>("payments.self")).ShouldBeNull();
        (await AuditsAsync(api)).ShouldBe(["register registration/payments.self", "deregister registration/payments.self", "register registration/payments.self", "deregister registration/payments.self"]);
        await Should.ThrowAsync<InvalidOperationException>(() => client.RegisterAsync("nobody", "self", "127.0.0.1:1"));
        api.Faults.ShouldBeEmpty();
    }

    [Fact]
    public async Task AHostNameStandsForAllItsAddressesAndIsAskedForAgain()
    {
        using var first = new Listener();
        using var second = new Listener(IPEndPoint.Parse(first.Address).Port, IPAddress.Parse("127.0.0.2"));
        var time = new FakeTime();
        Func<IPAddress[]> found = () => throw new SocketException((int)SocketError.HostNotFound);
        await using var checks = new ExternalChecks(time, (_, _) => Task.FromResult(found())) { OnNews = _ => { } };
        var given = $"pay.example.com:{IPEndPoint.Parse(first.Address).Port}";
        checks.Follow([new("payments", given, given, Patient)], _ => []);
        await Until.HoldsAsync(() => checks.Of("payments") is [{ State: VitalState.Unknown, Message: "nobody knows the name pay.example.com" }]);
        found = () => [IPAddress.Loopback, IPAddress.Parse("127.0.0.2")];
        await Until.HoldsAsync(() => checks.Of("payments") is [{ State: VitalState.Passing }, { State: VitalState.Passing }], () => time.Advance(TimeSpan.FromMilliseconds(100)));

        // Nobody knows the name for a while: what it stood for serves on. Then it stands for less.
        found = () => throw new SocketException((int)SocketError.TryAgain);
        time.Advance(TimeSpan.FromSeconds(31));
        checks.Of("payments").Count(v => v.State == VitalState.Passing).ShouldBe(2);
        found = () => [IPAddress.Parse("127.0.0.2")];
        await Until.HoldsAsync(() => checks.Of("payments") is [{ State: VitalState.Passing }], () => time.Advance(TimeSpan.FromMilliseconds(100)));
        checks.Of("payments")[0].Address.ShouldStartWith("127.0.0.2:");
        checks.Follow([], _ => []);
        checks.Of("payments").ShouldBeEmpty();
    }

    static Service Payments { get; } = new() { Name = "payments", BaseFolder = "/shop", Spec = new() { Version = "3.2.0", External = new(), Health = Patient } };

    // The clock is moved in haste, while sockets have a time of their own.
    static HealthSpec Patient => new() { Timeout = TimeSpan.FromMinutes(1) };

    static Task<(int Status, JsonNode? Body, HttpResponseMessage Response)> PutAsync(ApiFixture api, string id, string json) => api.SendAsync(HttpMethod.Put, $"/api/v1/registry/payments/{id}", json);

    static Task InTableAsync(ApiFixture api, string address, TimeSpan? step = null) => Until.HoldsAsync(
        async () => (await api.ReadAsync<Endpoints>("payments"))?.Items.Select(i => i.Address).SequenceEqual([address]) == true, () => api.Time.Advance(step ?? TimeSpan.FromMilliseconds(20)));

    static async Task<string[]> AuditsAsync(ApiFixture api) =>
        [.. (await api.GetJsonAsync("/api/v1/audits"))["items"]!.AsArray().Select(a => $"{a!["verb"]} {a["about"]}")];

    /// <summary>Takes connections, and says nothing.</summary>
    sealed class Listener : IDisposable
    {
        readonly TcpListener listener;

        public Listener(int port = 0, IPAddress? address = null)
        {
            listener = new(address ?? IPAddress.Loopback, port);
            listener.Start();
        }

        public string Address => listener.LocalEndpoint.ToString()!;

        public void Dispose() => listener.Dispose();
    }

    sealed class Running : IDriver, IAsyncDisposable
    {
        readonly CancellationTokenSource stop = new();
        readonly Task running;

        public Running(ApiFixture api) => running = new Loop(api.Store, CoreKinds.All, new ServiceReconciler(), this, api.Time).RunAsync(stop.Token);

        public ValueTask DoAsync(Act act, CancellationToken cancel) => ValueTask.CompletedTask;

        public async ValueTask DisposeAsync()
        {
            await stop.CancelAsync();
            await running.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            stop.Dispose();
        }
    }
}
