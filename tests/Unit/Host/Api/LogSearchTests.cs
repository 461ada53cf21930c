using Mainstay.Core.Kinds.Deliver;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Host.Api.Telemetry;
using Mainstay.Observe.Drivers;
using Mainstay.Observe.Store.Logs;
using Shouldly;
using Xunit;
using static Mainstay.Tests.Host.Api.ApiFixture;

namespace Mainstay.Tests.Host.Api;

/// <summary>Lines of instances are brought into the log store once, and asked over the API.</summary>
public sealed class LogSearchTests : IDisposable
{
    readonly string data = Directory.CreateTempSubdirectory("mainstay-logs-").FullName;

    public void Dispose() => Directory.Delete(data, recursive: true);

    [Fact]
    public async Task RecordsAreSearchedFollowedAndGrouped()
    {
        LogStore? logs = null;
        await using var api = await StartAsync(with: s => s with { Logs = logs = new LogStore(s.Time) });
        void Say(string instance, string text) => logs!.Add(LineReader.Read(api.Time.GetUtcNow(), LogName(instance), instance, text));
        Say("orders-1", """{"level":"error","msg":"payment timed out","order":42}""");
        Say("orders-1", "taken 7");
        (await api.GetJsonAsync("/api/v1/logs/search?q=service:orders%20level:error"))["items"]!.AsArray().Select(i => $"{i!["message"]} {i["attributes"]![0]!["value"]}").ShouldBe(["payment timed out 42"]);
        var all = await api.GetJsonAsync("/api/v1/logs/search");
        (all["items"]!.AsArray().Count, (bool)all["complete"]!).ShouldBe((2, true));
        (await api.GetJsonAsync("/api/v1/logs/search?to=2020-01-01T00:00:00Z"))["items"]!.AsArray().ShouldBeEmpty();
        (await api.GetJsonAsync("/api/v1/telemetry/logs?service=orders&severity=17&text=MED%20OUT"))["items"]!.AsArray().Count.ShouldBe(1);
        (await api.GetJsonAsync("/api/v1/telemetry/logs?text=aken&severity=1"))["items"]!.AsArray().ShouldBeEmpty();
        foreach (var wrong in new[] { "q=level:loud", "from=x", "to=x", "limit=0", "follow=1", "nosuch=1" })
        {
            (await api.ProblemAsync(HttpMethod.Get, "/api/v1/logs/search?" + wrong)).Status.ShouldBe(400, wrong);
        }

        using (var follow = await api.OpenAsync("/api/v1/logs/search?q=timed&follow=true"))
        {
            ((string)(await follow.EventAsync("record")).Data["message"]!).ShouldBe("payment timed out");
            Say("orders-1", "taken 8");
            Say("orders-2", "stock timed out");
            ((string)(await follow.EventAsync("record")).Data["message"]!).ShouldBe("stock timed out");
        }

        api.Time.Advance(TimeSpan.FromMinutes(5));
        await api.PutAsync(
            new ArchitectureVersion { Name = "3", Number = 3, At = api.Time.GetUtcNow(), By = "ann", Title = "shop", BaseFolder = "/" }, new Architecture { Name = Architecture.TheName, Title = "shop", Version = 3 });
        Say("orders-1", "taken 9");
        Say("orders-1", "never said before");
        await Until.HoldsAsync(async () => (await api.GetJsonAsync("/api/v1/logs/patterns?service=orders"))["since"] is not null);
        var patterns = await api.GetJsonAsync("/api/v1/logs/patterns?service=orders&limit=2");
        patterns["items"]!.AsArray().Select(i => $"{i!["pattern"]!["text"]} {i["pattern"]!["count"]} {i["isNew"]}").ShouldBe(["never said before 1 true", "taken <*> 3 false"]);
        ((int)patterns["total"]!).ShouldBe(4);
        (await api.ProblemAsync(HttpMethod.Get, "/api/v1/logs/patterns?since=x")).Status.ShouldBe(400);
    }

    [Fact]
    public void LinesOfInstancesAreTakenOnce()
    {
        var folder = Path.Combine(data, "logs", "instances", "orders-1");
        Directory.CreateDirectory(folder);
        var time = new FakeTime();
        var at = time.GetUtcNow().ToUnixTimeMilliseconds();
        void Write(int file, string line) => File.AppendAllText(Path.Combine(folder, $"{file}.log"), line);
        LogStore Open() => new(time, new DiskFiles(Path.Combine(data, "telemetry", "logs")));
        Write(1, $"{at} o one\n{at} e {{\"level\":\"error\",\"msg\":\"two\"}}\n{at} o unfinish");
        var store = Open();
        new InstanceLogs(data, store).Tick();
        Said(store).ShouldBe(["one 0", "two 17"]);
        store.Tick();

        // The server is killed and starts again; the log was written on and rotated meanwhile.
        Write(1, "ed\n");
        Write(2, $"{at} o four\n");
        var again = Open();
        var tail = new InstanceLogs(data, again);
        tail.Tick();
        tail.Tick();
        Said(again).ShouldBe(["one 0", "two 17", "unfinished 0", "four 0"]);
        again.Find(LogSearch.All).Items.Select(l => (l.Service, l.Instance)).Distinct().ShouldBe([("orders", "orders-1")]);
        again.Tick();
        again.Seal();
        var last = Open();
        new InstanceLogs(data, last).Tick();
        Said(last).Count.ShouldBe(4);

        // What was rotated away before it was read is passed over.
        File.Delete(Path.Combine(folder, "1.log"));
        File.Delete(Path.Combine(folder, "2.log"));
        Write(5, $"{at} o five\n");
        new InstanceLogs(data, last).Tick();
        Said(last)[^1].ShouldBe("five 0");
        Said(last).Count.ShouldBe(5);
    }

    static List<string> Said(LogStore store) => [.. store.Find(LogSearch.All).Items.Reverse().Select(l => $"{l.Message} {l.Severity}")];

    static string LogName(string instance) => instance[..instance.LastIndexOf('-')];
}
