using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Deliver;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Observe.Store.Metrics;
using Mainstay.Traffic.Path;
using Shouldly;
using Xunit;
using static Mainstay.Tests.Host.Api.GatewayEndpointsTests;

namespace Mainstay.Tests.Host.Api;

/// <summary>What is decided about a service's number of instances is written as a whole: the number, why, an event and an audit; and forgotten with its reason.</summary>
public sealed class AutoscalerTests
{
    static Service Web { get; } = new()
    {
        Name = "web", BaseFolder = "/", Spec = new() { Run = "web", Instances = new() { Min = 0, Max = 3 }, Scale = new() { Requests = 2 } },
    };

    [Fact]
    public async Task A_request_that_waits_starts_what_it_waits_for_and_the_decision_is_kept_and_told()
    {
        await using var api = await ApiFixture.StartAsync();
        await api.PutAsync(
            new Architecture { Name = Architecture.TheName, Title = "shop", Running = true }, Web,
            new Route { Name = "all", Spec = new() { Match = new() { Path = "/{**rest}" }, To = "web" } });
        var sequence = 0;
        await Until.HoldsAsync(async () =>
        {
            var waiting = new PolicyReport("route/all", "park", "park", "waiting", "", new Dictionary<string, double> { ["waiting"] = 1 });
            (await SendAsync(api, Batch(api.Time, ++sequence) with { Policies = [waiting] })).ShouldBe(200);
            api.Time.Advance(TimeSpan.FromSeconds(1));
            return (await api.ReadAsync<Service>("web"))!.Auto == 1;
        });

        var scaling = (await api.ReadAsync<Scaling>("web"))!;
        scaling.Reason.ShouldBe(ScalingReasons.FromZero);
        scaling.Decisions[0].Message.ShouldContain("a request waits for it");
        var report = await api.GetJsonAsync("/api/v1/services/web/scaling");
        ((bool)report["automatic"]!).ShouldBeTrue();
        ((int)report["wanted"]!).ShouldBe(1);
        (await AllAsync<Event>(api)).ShouldContain(e => e.Reason == "ScalingFromZero" && e.About == "service/web");
        (await AllAsync<AuditEntry>(api)).ShouldContain(a => a.Verb == "scale" && a.About == "service/web" && a.After == """{"auto":1}""");

        // Once it declares no scale any more, there is nothing to tell.
        var now = (await api.ReadAsync<Service>("web"))!;
        await api.PutAsync(now with { Spec = now.Spec with { Scale = null } });
        await Until.HoldsAsync(async () => await api.ReadAsync<Scaling>("web") is null, () => api.Time.Advance(TimeSpan.FromSeconds(1)));
        api.Faults.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("mainstay.queue.messages", "queue")]
    [InlineData("rabbitmq.message.current", "rabbitmq.queue.name")]
    public async Task A_backlog_in_a_queue_of_our_own_or_of_a_broker_asks_for_more(string metric, string label)
    {
        var samples = new MetricStore(TimeProvider.System);
        await using var api = await ApiFixture.StartAsync(with: services =>
        {
            samples = new MetricStore(services.Time);
            return services with { Samples = samples };
        });
        var mailer = Web with { Name = "mailer", Spec = new() { Run = "mailer", Instances = new() { Min = 1, Max = 9 }, Scale = new() { Queue = new() { Name = "mails", PerInstance = 10 } } } };
        await api.PutAsync(new Architecture { Name = Architecture.TheName, Title = "shop", Running = true }, mailer);
        await Until.HoldsAsync(async () =>
        {
            // What waits for its time and what is dead is nobody's work now; another queue is another's.
            foreach (var (queue, state, messages) in new[] { ("mails", "ready", 25), ("mails", metric[0] == 'm' ? "inFlight" : "unacknowledged", 14), ("other", "ready", 1000) }.Concat(metric[0] == 'm' ? [("mails", "waiting", 500), ("mails", "dead", 500)] : []))
            {
                samples.Add([new(new(metric, "{message}", MetricKind.Gauge, (label, queue), ("state", state)), messages, api.Time.GetUtcNow().ToUnixTimeMilliseconds())]);
            }

            api.Time.Advance(TimeSpan.FromSeconds(1));
            return (await api.ReadAsync<Service>("mailer"))!.Auto == 4;
        });
        (await api.ReadAsync<Scaling>("mailer"))!.Decisions.ShouldContain(d => d.Message.Contains("39 messages in mails", StringComparison.Ordinal));
        api.Faults.ShouldBeEmpty();
    }

    static async Task<T[]> AllAsync<T>(ApiFixture api)
        where T : Resource =>
        [.. (await api.Store.RangeAsync(CoreKinds.All.Of<T>().Prefix)).Entries.Select(e => (T)CoreKinds.All.Of<T>().Decode(e))];
}
