using Mainstay.Core.Kinds.Schedule;
using Mainstay.Host.Api;
using Shouldly;
using Xunit;
using static Mainstay.Tests.Host.Api.ApiFixture;

namespace Mainstay.Tests.Host.Api;

public sealed class ResourceWatchTests
{
    [Fact]
    public async Task AWatchListsThenFollows()
    {
        await using var api = await StartAsync();
        await api.PutAsync(Service("web"));
        using var watch = await api.OpenAsync("/api/v1/services?watch=true");
        var list = await watch.EventAsync("list");
        list.Id.ShouldBe("1");
        list.Data["items"]!.AsArray().Count.ShouldBe(1);
        ((long)list.Data["revision"]!).ShouldBe(1);

        await api.PutAsync(Instance("other-kind", "web"));
        await api.PutAsync(Service("orders"));
        var put = await watch.EventAsync("put");
        put.Id.ShouldBe("3");
        ((string)put.Data["name"]!).ShouldBe("orders");

        await api.DeleteAsync("service/web");
        var delete = await watch.EventAsync("delete");
        delete.Data.ToJsonString().ShouldBe("""{"kind":"service","name":"web","revision":4}""");
    }

    [Fact]
    public async Task AWatchResumesAfterTheEventItNames()
    {
        await using var api = await StartAsync();
        await api.PutAsync(Service("a"));
        await api.PutAsync(Service("b"));
        await api.PutAsync(Service("c"));
        using (var resumed = await api.OpenAsync("/api/v1/services?watch=true", lastEventId: "1"))
        {
            ((string)(await resumed.EventAsync("put")).Data["name"]!).ShouldBe("b");
            (await resumed.EventAsync("put")).Id.ShouldBe("3");
        }

        using var from = await api.OpenAsync("/api/v1/services?watch=true&from=3");
        ((string)(await from.EventAsync("put")).Data["name"]!).ShouldBe("c");
    }

    [Fact]
    public async Task OnlyTheLastEventOfACommitCarriesItsRevision()
    {
        await using var api = await StartAsync();
        using var watch = await api.OpenAsync("/api/v1/services?watch=true");
        await watch.EventAsync("list");
        await api.PutAsync(Service("a"), Service("b"));
        (await watch.EventAsync("put")).Id.ShouldBeNull();
        (await watch.EventAsync("put")).Id.ShouldBe("1");
    }

    [Fact]
    public async Task AQuietWatchPings()
    {
        await using var api = await StartAsync();
        using var watch = await api.OpenAsync("/api/v1/services?watch=true");
        await watch.EventAsync("list");
        for (var i = 0; i < 3; i++)
        {
            await AdvanceUntilAsync(api, watch.EventAsync("ping"), TimeSpan.FromSeconds(15));
        }
    }

    [Fact]
    public async Task AWatchFromBeforeTheHistoryIsToldSo()
    {
        await using var api = await StartAsync(keepRevisions: 3);
        for (var i = 0; i < 10; i++)
        {
            await api.PutAsync(Service("a"));
        }

        using var watch = await api.OpenAsync("/api/v1/services?watch=true&from=2");
        await watch.EventAsync("compacted");
        (await watch.EventAsync()).ShouldBeNull();
    }

    [Fact]
    public async Task AWatchFromARevisionThatNeverWasIsToldToListAgain()
    {
        await using var api = await StartAsync();
        await api.PutAsync(Service("a"));
        using var watch = await api.OpenAsync("/api/v1/services?watch=true", lastEventId: "77");
        await watch.EventAsync("compacted");
        (await watch.EventAsync()).ShouldBeNull();
    }

    [Fact]
    public async Task ASlowClientIsEndedAsCompactedAndCostsNoMemory()
    {
        await using var api = await StartAsync(keepRevisions: 16);
        using var watch = await api.OpenAsync("/api/v1/events?watch=true&from=1");
        var message = new string('x', 256 << 10);
        // More than the sockets and pipes in between can hold, while nothing is read.
        for (var i = 0; i < 200; i++)
        {
            await api.PutAsync(new Event { Name = $"e{i}", At = default, About = "service/web", Reason = "Test", Message = message });
        }

        var read = 0;
        SseEvent? last = null;
        while (await watch.EventAsync() is { } next)
        {
            (last, read) = (next, read + 1);
        }

        last!.Name.ShouldBe("compacted");
        read.ShouldBeLessThan(200);
        (await api.Client.GetStringAsync("/metrics")).ShouldContain("mainstay_api_streams_ended_total{why=\"compacted\"} 1");
    }

    [Fact]
    public async Task AClientThatTakesNothingIsCut()
    {
        await using var api = await StartAsync();
        using var watch = await api.OpenAsync("/api/v1/events?watch=true&from=1");
        var message = new string('x', 1 << 20);
        for (var i = 0; i < 40; i++)
        {
            await api.PutAsync(new Event { Name = $"e{i}", At = default, About = "service/web", Reason = "Test", Message = message });
        }

        await Until.HoldsAsync(
            async () => (await api.Client.GetStringAsync("/metrics")).Contains("mainstay_api_streams_ended_total{why=\"stalled\"} 1", StringComparison.Ordinal),
            () => api.Time.Advance(TimeSpan.FromSeconds(1)));

        await Should.ThrowAsync<IOException>(async () =>
        {
            while (await watch.EventAsync() is not null)
            {
            }
        });
    }

    [Fact]
    public async Task OneStreamTooManyIsRefusedAndAClosedOneMakesRoom()
    {
        await using var api = await StartAsync(new ApiLimits { Streams = 2 });
        using var first = await api.OpenAsync("/api/v1/services?watch=true");
        var second = await api.OpenAsync("/api/v1/hosts?watch=true");
        var (status, word, _) = await api.ProblemAsync(HttpMethod.Get, "/api/v1/builds?watch=true");
        (status, word).ShouldBe((503, "unavailable"));
        second.Dispose();
        await Until.HoldsAsync(async () => (await api.Client.GetStringAsync("/metrics")).Contains("mainstay_api_streams{of=\"clients\"} 1", StringComparison.Ordinal));

        using var third = await api.OpenAsync("/api/v1/builds?watch=true");
        await third.EventAsync("list");
    }

    [Fact]
    public async Task AStopEndsStreamsAtOnce()
    {
        var api = await StartAsync();
        using var watch = await api.OpenAsync("/api/v1/services?watch=true");
        await watch.EventAsync("list");
        var stopped = api.StopAsync();
        (await watch.EventAsync()).ShouldBeNull();
        await stopped.WaitAsync(TimeSpan.FromSeconds(1));
        await api.DisposeAsync();
    }

    [Fact]
    public async Task ALastEventIdThatIsNoRevisionIsRefused()
    {
        await using var api = await StartAsync();
        (await api.ProblemAsync(HttpMethod.Get, "/api/v1/services?watch=true", with: r => r.Headers.Add("Last-Event-ID", "x"))).Status.ShouldBe(400);
    }

    // The server makes its timer on its own thread; moving the clock again is harmless.
    internal static async Task<T> AdvanceUntilAsync<T>(ApiFixture api, Task<T> awaited, TimeSpan step)
    {
        await Until.HoldsAsync(async () =>
        {
            api.Time.Advance(step);
            await Task.WhenAny(awaited, api.Client.GetStringAsync("/livez"));
            return awaited.IsCompleted;
        });
        return await awaited;
    }
}
