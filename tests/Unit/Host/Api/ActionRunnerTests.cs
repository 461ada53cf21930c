using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Deliver;
using Mainstay.Core.Kinds.Observe;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Core.Store;
using Mainstay.Deliver;
using Mainstay.Deliver.Decide;
using Mainstay.Host.Api;
using Mainstay.Host.Api.Agents;
using Mainstay.Host.Api.Changes;
using Mainstay.Host.Api.Observe;
using Mainstay.Observe.Correlate;
using Shouldly;
using Xunit;
using static Mainstay.Tests.Host.Api.ApiFixture;
using Endpoint = Mainstay.Core.Kinds.Schedule.Endpoint;
using Route = Mainstay.Core.Kinds.Traffic.Route;

namespace Mainstay.Tests.Host.Api;

/// <summary>What is done without asking is done to the store's resources, each with an event and an audit entry, and is taken back where that can be.</summary>
public sealed class ActionRunnerTests
{
    [Fact]
    public async Task One_bad_instance_is_replaced_and_the_verdict_follows()
    {
        await using var api = await StartAsync();
        await api.PutAsync([.. Shop(InterventionMode.Act), Trouble(api.Time.GetUtcNow(), "instance", "instance/web-1", new IncidentAction("a1", "replace", "service/web", "replace web-1") { Argument = "web-1" })]);
        await Until.HoldsAsync(async () => (await api.ReadAsync<Incident>("i1"))!.Actions[0].State is ActionState.Done or ActionState.Helped, () => api.Time.Advance(TimeSpan.FromSeconds(1)));
        var web = (await api.ReadAsync<Instance>("web-1"))!;
        (web.Goal, (await api.ReadAsync<Instance>("web-2"))!.Goal).ShouldBe((InstanceGoal.Drain, InstanceGoal.Run));
        web.DrainUntil.ShouldNotBeNull();
        (await api.GetJsonAsync("/api/v1/events?about=service/web"))["items"]!.AsArray().Select(e => (string)e!["reason"]!).ShouldContain("InstanceReplaced");
        await Until.HoldsAsync(async () => (await api.ReadAsync<Incident>("i1"))!.Actions[0].State == ActionState.Helped, () => api.Time.Advance(TimeSpan.FromSeconds(1)));
    }

    [Fact]
    public async Task Nothing_is_done_where_it_is_only_suggested()
    {
        await using var api = await StartAsync();
        await api.PutAsync([.. Shop(InterventionMode.Suggest), Trouble(api.Time.GetUtcNow(), "instance", "instance/web-1", new IncidentAction("a1", "replace", "service/web", "replace web-1") { Argument = "web-1" })]);
        await Until.HoldsAsync(async () => (await api.ReadAsync<Incident>("i1"))!.State == IncidentState.Resolved, () => api.Time.Advance(TimeSpan.FromSeconds(1)));
        ((await api.ReadAsync<Incident>("i1"))!.Actions[0].State, (await api.ReadAsync<Instance>("web-1"))!.Goal).ShouldBe((ActionState.Suggested, InstanceGoal.Run));
    }

    [Fact]
    public async Task An_ejection_has_an_end_and_is_ended_before_it_where_it_did_not_help()
    {
        await using var kit = await Kit.StartAsync(Shop(InterventionMode.Act));
        var incident = Trouble(kit.Now, "instance", "instance/web-1", new IncidentAction("a1", "eject", "service/web", "keep requests from web-1") { Argument = "web-1" });
        var done = await kit.Runner.DoAsync(incident, incident.Actions[0], "mainstay", kit.Now, default);
        (done.State, done.Intervention).ShouldBe((ActionState.Done, "i1-a1"));
        var one = (await kit.ReadAsync<Intervention>("i1-a1"))!;
        (one.About, one.Eject, one.By, one.Until - one.At).ShouldBe(("service/web", "web-1", "mainstay", ActionDecide.Lasts));
        one.Reason.ShouldContain("incident i1");

        // The other one is then the last that serves.
        await kit.SettledAsync();
        var second = await kit.Runner.DoAsync(incident, new("a2", "eject", "service/web", "keep requests from web-2") { Argument = "web-2" }, "mainstay", kit.Now, default);
        (second.State, second.Verdict).ShouldBe((ActionState.Failed, "'web-2' is the last instance of web that serves: run more first: mainstay scale web 2"));

        await kit.Runner.UndoAsync(incident with { Actions = [done with { State = ActionState.DidNotHelp }] }, default);
        (await kit.ReadAsync<Intervention>("i1-a1")).ShouldBeNull();
        (await kit.AllAsync<Event>()).Select(e => e.Reason).ShouldBe(["InterventionBegan", "InterventionEnded"]);
        (await kit.AllAsync<AuditEntry>()).Select(a => $"{a.Verb} {a.About} {a.Who}").ShouldBe(["intervene intervention/i1-a1 mainstay"]);
    }

    [Fact]
    public async Task What_cannot_be_done_is_said_and_changes_nothing()
    {
        await using var kit = await Kit.StartAsync(Shop(InterventionMode.Act));
        var incident = Trouble(kit.Now, "instance", "instance/web-1");
        foreach (var (action, why) in new[]
        {
            (new IncidentAction("a1", "replace", "service/web", "") { Argument = "ghost-1" }, "there is no instance 'ghost-1'"),
            (new IncidentAction("a2", "degrade", "route/shop", "") { Argument = "fallback" }, "route/shop declares no degradation 'fallback': throw one of serveStale, or declare it under degrade"),
            (new IncidentAction("a3", "advice", "service/web", ""), "no command does it"),
        })
        {
            var done = await kit.Runner.DoAsync(incident, action, "mainstay", kit.Now, default);
            (done.State, done.Verdict, done.Intervention).ShouldBe((ActionState.Failed, why, null));
        }

        (await kit.AllAsync<Intervention>()).ShouldBeEmpty();
    }

    [Fact]
    public async Task People_replace_one_instance_and_never_the_only_one_that_serves()
    {
        await using var api = await StartAsync();
        await api.PutAsync(Shop(InterventionMode.Off));
        var (status, body, _) = await api.SendAsync(HttpMethod.Post, "/api/v1/instances/web-1/replace");
        (status, (string)body!["goal"]!).ShouldBe((200, "drain"));
        (await api.ProblemAsync(HttpMethod.Post, "/api/v1/instances/web-1/replace")).Status.ShouldBe(409);
        (await api.ProblemAsync(HttpMethod.Post, "/api/v1/instances/web-2/replace")).Status.ShouldBe(409);
        (await api.ProblemAsync(HttpMethod.Post, "/api/v1/instances/ghost/replace")).Status.ShouldBe(404);
    }

    [Fact]
    public async Task An_ejection_is_refused_where_it_is_not_of_a_service_or_the_instance_does_not_serve()
    {
        await using var api = await StartAsync();
        await api.PutAsync(Shop(InterventionMode.Off));
        const string path = "/api/v1/interventions?dryRun=true";
        (await api.SendAsync(HttpMethod.Post, path, """{"about":"service/web","reason":"slow","eject":"web-1"}""")).Status.ShouldBe(200);
        (await api.ProblemAsync(HttpMethod.Post, path, """{"about":"service/web","reason":"slow","eject":"web-9"}""")).Status.ShouldBe(422);
        (await api.ProblemAsync(HttpMethod.Post, path, """{"about":"route/shop","reason":"slow","eject":"web-1"}""")).Status.ShouldBe(422);
    }

    static Resource[] Shop(InterventionMode mode)
    {
        var web = Service("web");
        return
        [
            web with { Spec = web.Spec with { Interventions = new() { Mode = mode } } },
            Instance("web-1", "web") with { Status = new() { State = InstanceState.Ready, Endpoint = "127.0.0.1:1001" } },
            Instance("web-2", "web") with { Status = new() { State = InstanceState.Ready, Endpoint = "127.0.0.1:1002" } },
            new Endpoints { Name = "web", Items = [new Endpoint("web-1", "127.0.0.1:1001", ""), new Endpoint("web-2", "127.0.0.1:1002", "")] },
            new Route { Name = "shop", Spec = new() { Match = new(), To = "web", Degrade = new() { ServeStale = TimeSpan.FromMinutes(1) } } },
        ];
    }

    static Incident Trouble(DateTimeOffset now, string kind, string target, params IncidentAction[] actions) => new()
    {
        Name = "i1", Title = "route shop is slow", Began = now.AddSeconds(-30), Opened = now.AddSeconds(-20), Symptoms = [new("route/shop", "slow", now)], Causes = [new(kind, target, 0.9, ["slow"])], Actions = actions,
    };

    /// <summary>The runner alone, over a store in memory.</summary>
    sealed class Kit : IAsyncDisposable
    {
        readonly CancellationTokenSource stop = new();
        readonly MemoryStore store;
        readonly Mirror mirror;
        readonly FakeTime time = new();
        readonly Task running;

        Kit()
        {
            store = new(time);
            mirror = new(store, CoreKinds.All, time, [typeof(Service), typeof(Instance), typeof(Endpoints), typeof(Route), typeof(MeshLink), typeof(Intervention)]);
            var names = new EventNames("test");
            Runner = new(new(store, CoreKinds.All, time), mirror, DeliverPlane.Applier(store, CoreKinds.All, time, 7070, null), new(store, CoreKinds.All, mirror, time, names), names);
            running = mirror.RunAsync(stop.Token);
        }

        public ActionRunner Runner { get; }

        public DateTimeOffset Now => time.GetUtcNow();

        public static async Task<Kit> StartAsync(Resource[] resources)
        {
            var kit = new Kit();
            await kit.store.CommitAsync(new([], [.. resources.Select(r => new Operation(CoreKinds.All.Of(r.GetType()).KeyOf(r.Name), Codec.Encode(r)))]));
            await kit.SettledAsync();
            return kit;
        }

        public async Task SettledAsync() => await Until.HoldsAsync(() => mirror.IsFilled && mirror.Revision >= store.Revision);

        public async Task<T?> ReadAsync<T>(string name)
            where T : Resource =>
            await store.GetAsync(CoreKinds.All.Of<T>().KeyOf(name)) is { } entry ? (T)CoreKinds.All.Of<T>().Decode(entry) : null;

        public async Task<IReadOnlyList<T>> AllAsync<T>()
            where T : Resource
        {
            var kind = CoreKinds.All.Of<T>();
            return [.. (await store.RangeAsync(kind.Prefix)).Entries.Select(e => (T)kind.Decode(e)).OrderBy(r => r.Name, StringComparer.Ordinal)];
        }

        public async ValueTask DisposeAsync()
        {
            await stop.CancelAsync();
            try
            {
                await running;
            }
            catch (OperationCanceledException)
            {
                // That is how it ends.
            }

            stop.Dispose();
        }
    }
}
