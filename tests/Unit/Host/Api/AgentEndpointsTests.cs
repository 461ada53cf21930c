using System.Text.Json.Nodes;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Store;
using Shouldly;
using Xunit;
using static Mainstay.Tests.Host.Api.ApiFixture;
using HostRecord = Mainstay.Core.Kinds.Schedule.Host;

namespace Mainstay.Tests.Host.Api;

public sealed class AgentEndpointsTests
{
    const string Work = "/internal/v1/agents/local/work";
    const string Report = "/internal/v1/agents/local/report";

    static Build Build(string service, string host = "local") => new()
    {
        Name = $"{service}-0123456789ab",
        Service = service,
        Host = host,
        Command = "make",
        Folder = "/shop",
        Digest = "0123456789abcdef",
    };

    static string[] Names(JsonNode work, string of) => [.. work[of]!.AsArray().Select(n => n is JsonObject o ? (string)o["name"]! : (string)n!)];

    [Fact]
    public async Task WorkIsEverythingOfThatHostThenItsChanges()
    {
        await using var api = await StartAsync();
        await api.PutAsync(Instance("web-1", "web"), Instance("web-2", "web", "elsewhere"), Build("web"), Build("orders", "elsewhere"));
        using var work = await api.OpenAsync(Work, api.Agent);
        var first = await work.JsonAsync();
        ((bool)first["full"]!).ShouldBeTrue();
        ((long)first["revision"]!).ShouldBe(1);
        Names(first, "instances").ShouldBe(["web-1"]);
        Names(first, "builds").ShouldBe(["web-0123456789ab"]);
        ((string)first["instances"]![0]!["template"]!["run"]!).ShouldBe("./web");

        await api.PutAsync(Instance("web-9", "web", "elsewhere"));
        await api.PutAsync(Instance("web-1", "web") with { Goal = InstanceGoal.Stop }, Instance("web-3", "web"));
        var next = await work.JsonAsync();
        ((bool)next["full"]!).ShouldBeFalse();
        ((long)next["revision"]!).ShouldBe(3);
        Names(next, "instances").ShouldBe(["web-1", "web-3"]);
        ((string)next["instances"]![0]!["goal"]!).ShouldBe("stop");
        Names(next, "goneInstances").ShouldBeEmpty();

        await api.DeleteAsync("instance/web-1");
        Names(await work.JsonAsync(), "goneInstances").ShouldBe(["web-1"]);
        await api.DeleteAsync("build/web-0123456789ab");
        Names(await work.JsonAsync(), "goneBuilds").ShouldBe(["web-0123456789ab"]);
    }

    [Fact]
    public async Task AnAgentIsNotToldWhatItSaid()
    {
        await using var api = await StartAsync();
        await api.PutAsync(Instance("web-1", "web"), Build("web"));
        using var work = await api.OpenAsync(Work, api.Agent);
        await work.JsonAsync();
        await ReportAsync(api, """{"instances":[{"name":"web-1","status":{"state":"ready"}}],"builds":[{"name":"web-0123456789ab","status":{"state":"running"}}]}""");
        await api.PutAsync(Instance("web-2", "web"));
        Names(await work.JsonAsync(), "instances").ShouldBe(["web-2"]);
    }

    [Fact]
    public async Task AQuietStreamBeatsWithEmptyLines()
    {
        await using var api = await StartAsync();
        using var work = await api.OpenAsync(Work, api.Agent);
        await work.JsonAsync();
        for (var i = 0; i < 3; i++)
        {
            (await ResourceWatchTests.AdvanceUntilAsync(api, work.LineAsync(), TimeSpan.FromSeconds(2))).ShouldBe("");
        }
    }

    [Fact]
    public async Task AReportWritesOnlyWhatIsNewAndInOneCommit()
    {
        await using var api = await StartAsync();
        await api.PutAsync(Instance("web-1", "web"), Instance("web-2", "web"), Build("web"));
        var before = api.Store.Revision;
        const string Said = """
            {"agentPid":7,"agentVersion":"1.2.3","address":"127.0.0.1",
             "instances":[{"name":"web-1","status":{"state":"ready","pid":41,"endpoint":"127.0.0.1:20001"}},{"name":"web-2","status":{"state":"starting","pid":42}}],
             "builds":[{"name":"web-0123456789ab","status":{"state":"succeeded","attempt":1}}]}
            """;
        ((int)(await ReportAsync(api, Said))["written"]!).ShouldBe(3);
        api.Store.Revision.ShouldBe(before + 1);
        (await api.ReadAsync<Instance>("web-1"))!.Status.Endpoint.ShouldBe("127.0.0.1:20001");
        (await api.ReadAsync<Instance>("web-2"))!.Status.Pid.ShouldBe(42);
        (await api.ReadAsync<Build>("web-0123456789ab"))!.Status.State.ShouldBe(BuildState.Succeeded);
        var host = (await api.ReadAsync<HostRecord>("local"))!;
        (host.State, host.AgentPid, host.AgentVersion, host.Since).ShouldBe((HostState.Ready, 7, "1.2.3", api.Time.GetUtcNow()));

        ((int)(await ReportAsync(api, Said))["written"]!).ShouldBe(0);
        api.Store.Revision.ShouldBe(before + 1);
    }

    [Fact]
    public async Task AReportThatWasHeldUpUndoesNothing()
    {
        await using var api = await StartAsync();
        await api.PutAsync(Instance("web-1", "web"));
        async Task<InstanceState> After(int pid, int number, string state)
        {
            await ReportAsync(api, $$$"""{"agentPid":{{{pid}}},"number":{{{number}}},"instances":[{"name":"web-1","status":{"state":"{{{state}}}"}}]}""");
            return (await api.ReadAsync<Instance>("web-1"))!.Status.State;
        }

        (await After(7, 2, "ready")).ShouldBe(InstanceState.Ready);
        (await After(7, 1, "starting")).ShouldBe(InstanceState.Ready);
        (await After(8, 1, "backoff")).ShouldBe(InstanceState.Backoff);
        (await After(7, 3, "ready")).ShouldBe(InstanceState.Backoff, "its agent has a successor");
    }

    [Fact]
    public async Task AnAgentWithTheProcessIdOfTheOneBeforeItIsHeardFromItsFirstReportOn()
    {
        await using var api = await StartAsync();
        await api.PutAsync(Instance("web-1", "web"));
        async Task<InstanceState> After(string run, int number, string state)
        {
            await ReportAsync(api, $$$"""{"agentPid":1,"run":"{{{run}}}","number":{{{number}}},"instances":[{"name":"web-1","status":{"state":"{{{state}}}"}}]}""");
            return (await api.ReadAsync<Instance>("web-1"))!.Status.State;
        }

        (await After("before", 500, "ready")).ShouldBe(InstanceState.Ready);
        (await After("after", 1, "backoff")).ShouldBe(InstanceState.Backoff);
        (await After("before", 501, "ready")).ShouldBe(InstanceState.Backoff, "it has a successor");
        (await After("after", 2, "starting")).ShouldBe(InstanceState.Starting);
    }

    [Fact]
    public async Task WhatIsGoneOrForeignIsIgnored()
    {
        await using var api = await StartAsync();
        await api.PutAsync(Instance("web-1", "web", "elsewhere"), Build("web", "elsewhere"));
        var result = await ReportAsync(api, """
            {"instances":[{"name":"web-1","status":{"state":"ready"}},{"name":"web-7","status":{"state":"ready"}}],
             "builds":[{"name":"web-0123456789ab","status":{"state":"failed"}}]}
            """);
        Names(result, "ignored").ShouldBe(["web-1", "web-7", "web-0123456789ab"]);
        (await api.ReadAsync<Instance>("web-1"))!.Status.State.ShouldBe(InstanceState.Pending);
        (await api.ReadAsync<Instance>("web-7")).ShouldBeNull();
    }

    [Fact]
    public async Task AStatusNeverUndoesADecision()
    {
        var meddling = new MeddlingStore();
        await using var api = await StartAsync(with: s => s with { Store = meddling.Over(s.Store) });
        await api.PutAsync(Instance("web-1", "web"));
        meddling.Before = () => api.PutAsync(Instance("web-1", "web") with { Goal = InstanceGoal.Stop });
        ((int)(await ReportAsync(api, """{"instances":[{"name":"web-1","status":{"state":"ready"}}]}"""))["written"]!).ShouldBe(1);
        var instance = (await api.ReadAsync<Instance>("web-1"))!;
        (instance.Goal, instance.Status.State).ShouldBe((InstanceGoal.Stop, InstanceState.Ready));
        (await api.Client.GetStringAsync("/metrics")).ShouldContain("mainstay_api_report_conflicts_total 1");
    }

    [Fact]
    public async Task ASilentHostIsLostOnceAndFoundAgain()
    {
        await using var api = await StartAsync();
        await ReportAsync(api, """{"agentPid":7}""");
        using var hosts = await api.OpenAsync("/api/v1/hosts?watch=true");
        ((string)(await hosts.EventAsync("list")).Data["items"]![0]!["state"]!).ShouldBe("ready");
        var said = api.Time.GetUtcNow();
        api.Time.Advance(TimeSpan.FromSeconds(4));
        await ReportAsync(api, """{"agentPid":7}""");
        api.Time.Advance(TimeSpan.FromSeconds(4));
        (await api.ReadAsync<HostRecord>("local"))!.Since.ShouldBe(said);

        var lost = await ResourceWatchTests.AdvanceUntilAsync(api, hosts.EventAsync("put"), TimeSpan.FromSeconds(1));
        ((string)lost.Data["state"]!).ShouldBe("lost");
        var revision = api.Store.Revision;
        api.Time.Advance(TimeSpan.FromMinutes(1));
        api.Store.Revision.ShouldBe(revision);

        await ReportAsync(api, """{"agentPid":7}""");
        ((string)(await hosts.EventAsync("put")).Data["state"]!).ShouldBe("ready");
        var events = (await api.GetJsonAsync("/api/v1/events"))["items"]!.AsArray();
        events.Select(e => (string)e!["reason"]!).ShouldBe(["HostLost", "HostFound"]);
    }

    [Fact]
    public async Task WrongReportsAreProblems()
    {
        await using var api = await StartAsync();
        var (status, _, body) = await api.ProblemAsync(HttpMethod.Post, Report, """{"instances":[{"name":"web-1","status":{"state":"flying"}}]}""", client: api.Agent);
        status.ShouldBe(400);
        ((string)body["problems"]![0]!["path"]!).ShouldBe("instances[0].status.state");
        (await api.ProblemAsync(HttpMethod.Post, "/internal/v1/agents/NO/report", "{}", client: api.Agent)).Status.ShouldBe(400);
        (await api.ProblemAsync(HttpMethod.Post, Report, "{", client: api.Agent)).Status.ShouldBe(400);
        (await api.ProblemAsync(HttpMethod.Post, Report, new string(' ', (8 << 20) + 1), r => r.Headers.ExpectContinue = true, api.Agent)).Status.ShouldBe(413);
        var many = string.Join(',', Enumerable.Range(0, 2001).Select(i => $$$"""{"name":"i{{{i}}}","status":{}}"""));
        (await api.ProblemAsync(HttpMethod.Post, Report, $$"""{"instances":[{{many}}]}""", client: api.Agent)).Status.ShouldBe(400);
        api.Faults.ShouldBeEmpty();
    }

    static async Task<JsonNode> ReportAsync(ApiFixture api, string json)
    {
        var (status, body, _) = await api.SendAsync(HttpMethod.Post, Report, json, client: api.Agent);
        status.ShouldBe(200);
        return body!;
    }

    /// <summary>Lets something happen between a read and the commit that follows it, once.</summary>
    sealed class MeddlingStore : IStore
    {
        IStore inner = null!;

        public Func<Task>? Before { get; set; }

        public long Revision => inner.Revision;

        public MeddlingStore Over(IStore store)
        {
            inner = store;
            return this;
        }

        public async ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken stop = default)
        {
            if (Before is { } before)
            {
                Before = null;
                await before();
            }

            return await inner.CommitAsync(commit, stop);
        }

        public ValueTask<Entry?> GetAsync(string key, CancellationToken stop = default) => inner.GetAsync(key, stop);

        public ValueTask<RangeResult> RangeAsync(string prefix, string? after = null, int limit = 0, CancellationToken stop = default) =>
            inner.RangeAsync(prefix, after, limit, stop);

        public IAsyncEnumerable<WatchBatch> WatchAsync(string prefix, long fromRevision, CancellationToken stop = default) =>
            inner.WatchAsync(prefix, fromRevision, stop);

        public ValueTask<long> GrantLeaseAsync(TimeSpan ttl, CancellationToken stop = default) => inner.GrantLeaseAsync(ttl, stop);

        public ValueTask<bool> KeepAliveAsync(long lease, CancellationToken stop = default) => inner.KeepAliveAsync(lease, stop);

        public ValueTask RevokeLeaseAsync(long lease, CancellationToken stop = default) => inner.RevokeLeaseAsync(lease, stop);

        public ValueTask CompactAsync(long revision, CancellationToken stop = default) => inner.CompactAsync(revision, stop);

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }

    [Fact]
    public async Task ACommandIsToldToTheAgentOfItsInstanceOnceAndItsAnswerComesBack()
    {
        await using var api = await ApiFixture.StartAsync();
        await api.PutAsync(ApiFixture.Instance("web-1", "web") with { Status = new() { State = InstanceState.Ready, Pid = 7 } }, ApiFixture.Instance("web-2", "web"));
        const string body = """{ "command": ["cat", "/secret"], "timeout": "10s" }""";
        ((string)(await api.SendAsync(HttpMethod.Post, "/api/v1/instances/web-1/exec", body)).Body!["why"]!).ShouldStartWith("the agent of local is not connected");
        using var work = await api.OpenAsync("/internal/v1/agents/local/work", api.Agent);
        await work.JsonAsync();
        var asked = api.SendAsync(HttpMethod.Post, "/api/v1/instances/web-1/exec", body);
        var line = await work.LineAsync();
        while (string.IsNullOrEmpty(line))
        {
            line = await work.LineAsync();
        }

        var exec = System.Text.Json.Nodes.JsonNode.Parse(line)!["execs"]![0]!;
        ((string)exec["instance"]!, exec["command"]!.ToJsonString(), (string)exec["timeout"]!).ShouldBe(("web-1", """["cat","/secret"]""", "10s"));
        var answer = $"/internal/v1/agents/local/execs/{(string)exec["id"]!}";
        (await api.SendAsync(HttpMethod.Post, answer.Replace("local", "other", StringComparison.Ordinal), "{}", client: api.Agent)).Status.ShouldBe(404);
        (await api.SendAsync(HttpMethod.Post, answer, """{ "exitCode": 3, "output": "aGk=" }""", client: api.Agent)).Status.ShouldBe(200);
        var (status, said, _) = await asked;
        (status, (int)said!["exitCode"]!, (string)said["output"]!).ShouldBe((200, 3, "aGk="));
        (await api.SendAsync(HttpMethod.Post, answer, "{}", client: api.Agent)).Status.ShouldBe(404);

        // An agent that says nothing is not waited for without end.
        var silent = api.SendAsync(HttpMethod.Post, "/api/v1/instances/web-1/exec", body);
        ((string)(await Until.DoneAsync(silent, () => api.Time.Advance(TimeSpan.FromMilliseconds(100)))).Body!["why"]!).ShouldBe("the agent of local did not answer in time");
        (await api.ProblemAsync(HttpMethod.Post, "/api/v1/instances/web-2/exec", body)).Status.ShouldBe(409);
        (await api.ProblemAsync(HttpMethod.Post, "/api/v1/instances/web-9/exec", body)).Status.ShouldBe(404);
        (await api.ProblemAsync(HttpMethod.Post, "/api/v1/instances/web-1/exec", """{ "command": [] }""")).Status.ShouldBe(400);
        (await api.ProblemAsync(HttpMethod.Post, "/api/v1/instances/web-1/exec", """{ "command": ["true"], "timeout": "6m" }""")).Status.ShouldBe(400);
        var audit = (await api.GetJsonAsync("/api/v1/audits"))["items"]!.AsArray()[0]!;
        ((string)audit["verb"]!, (string)audit["about"]!, (string)audit["after"]!).ShouldBe(("exec", "instance/web-1", "cat with 1 argument"));
        api.Faults.ShouldBeEmpty();
    }
}
