using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Observe;
using Mainstay.Core.Store;
using Mainstay.Host.Api;
using Mainstay.Host.Api.Observe;
using Mainstay.Observe.Drivers;
using Mainstay.Observe.Notify;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Host.Api;

/// <summary>What is told of incidents, over real sockets.</summary>
public sealed class NotifyTests
{
    [Fact]
    public async Task EachReceiverIsToldOnceThatItBeganAndOnceThatItIsOverAlsoAcrossARestart()
    {
        await using var chat = await Listener.StartAsync();
        await using var stage = new Stage();
        await stage.PutAsync(
            new Receiver { Name = "alerts", Spec = new() { Webhook = $"{chat.Url}/alerts" } },
            new Receiver { Name = "slack", Spec = new() { Chat = new() { Kind = ChatKind.Slack, Url = $"{chat.Url}/slack" } } },
            new Receiver { Name = "ding", Spec = new() { Chat = new() { Kind = ChatKind.Dingtalk, Url = $"{chat.Url}/ding" } } },
            new Receiver { Name = "feishu", Spec = new() { Chat = new() { Kind = ChatKind.Feishu, Url = $"{chat.Url}/feishu" } } },
            new Receiver { Name = "wecom", Spec = new() { Chat = new() { Kind = ChatKind.Wecom, Url = $"{chat.Url}/wecom" } } },
            IncidentEndpointsTests.One("i1", stage.Time.GetUtcNow()));

        // Not before it is remembered: who is killed between the answer and the note tells again.
        await stage.RunUntilAsync(async () => (await stage.ReadAsync("i1")).Told.Count == 5);
        var alert = chat.Took["/alerts"].Single();
        ((string)alert["version"]!, (string)alert["status"]!, (string)alert["receiver"]!).ShouldBe(("4", "firing", "alerts"));
        ((string)alert["alerts"]![0]!["labels"]!["alertname"]!, (string)alert["alerts"]![0]!["endsAt"]!).ShouldBe(("MainstayRowLock", "0001-01-01T00:00:00Z"));
        ((string)chat.Took["/slack"].Single()["text"]!).ShouldStartWith("Trouble (critical): route shop takes 480 ms");
        ((string)chat.Took["/ding"].Single()["text"]!["content"]!).ShouldContain("Cause: rowLock database/shop-db (87%)");
        ((string)chat.Took["/feishu"].Single()["content"]!["text"]!).ShouldContain("transactions that wait for locks");
        ((string)chat.Took["/wecom"].Single()["msgtype"]!).ShouldBe("text");

        // Another process over the same store: nothing is told again until it is over.
        await stage.RunUntilAsync(() => stage.Seconds > 30);
        chat.Took.Values.Sum(t => t.Count).ShouldBe(5);

        // The clock runs much faster than the listener answers: a day after its end an incident is let go.
        await stage.PutAsync(await stage.ReadAsync("i1") with { State = IncidentState.Resolved, Ended = stage.Time.GetUtcNow().AddDays(1000) });
        await stage.RunUntilAsync(async () => (await stage.ReadAsync("i1")).Told.Values.All(t => t == "resolved"));
        chat.Took.Values.ShouldAllBe(t => t.Count == 2);
        ((string)chat.Took["/alerts"].Last()["status"]!).ShouldBe("resolved");
    }

    [Fact]
    public async Task WhatIsNotTakenIsToldAgainLaterAndWhatIsSilencedOrTooSmallNever()
    {
        await using var chat = await Listener.StartAsync();
        chat.Refusals = 2;
        await using var stage = new Stage();
        var now = stage.Time.GetUtcNow();
        await stage.PutAsync(
            new Receiver { Name = "slack", Spec = new() { Chat = new() { Kind = ChatKind.Slack, Url = $"{chat.Url}/slack" }, Least = Criticality.High } },
            IncidentEndpointsTests.One("i1", now), IncidentEndpointsTests.One("quiet", now) with { SilentUntil = now + TimeSpan.FromDays(1000) }, IncidentEndpointsTests.One("small", now) with { Criticality = Criticality.Medium });
        await stage.RunUntilAsync(async () => (await stage.ReadAsync("i1")).Told.Count == 1);
        stage.Seconds.ShouldBeGreaterThanOrEqualTo(15, "5 s after the first refusal, 10 s after the second");
        chat.Took["/slack"].Count.ShouldBe(3);
        (await stage.ReadAsync("quiet")).Told.ShouldBeEmpty();
        (await stage.ReadAsync("small")).Told.ShouldBeEmpty();
        stage.Faults.Count.ShouldBe(2);
    }

    [Fact]
    public void AChatThatAnswers200MayHaveRefused()
    {
        ChatMessage.Refusal(ChatKind.Dingtalk, """{"errcode":0,"errmsg":"ok"}"""u8).ShouldBeNull();
        ChatMessage.Refusal(ChatKind.Wecom, """{"errcode":93000,"errmsg":"invalid webhook url"}"""u8).ShouldBe("it answered 93000 invalid webhook url");
        ChatMessage.Refusal(ChatKind.Feishu, """{"code":19001,"msg":"param invalid"}"""u8).ShouldBe("it answered 19001 param invalid");
        ChatMessage.Refusal(ChatKind.Feishu, "<html>"u8).ShouldBe("it did not answer with JSON");
        ChatMessage.Refusal(ChatKind.Slack, "ok"u8).ShouldBeNull();
    }

    [Fact]
    public async Task AReceiverThatDoesNotAnswerKeepsNoOtherWaiting()
    {
        await using var chat = await Listener.StartAsync();
        using var deaf = new TcpListener(IPAddress.Loopback, 0);
        deaf.Start();
        await using var stage = new Stage();
        await stage.PutAsync(
            new Receiver { Name = "a-deaf", Spec = new() { Webhook = $"http://{deaf.LocalEndpoint}/" } }, new Receiver { Name = "b-good", Spec = new() { Webhook = $"{chat.Url}/good" } },
            IncidentEndpointsTests.One("i1", stage.Time.GetUtcNow()));
        await stage.RunUntilAsync(async () => (await stage.ReadAsync("i1")).Told.ContainsKey("b-good"));
        (await stage.ReadAsync("i1")).Told.ContainsKey("a-deaf").ShouldBeFalse();
    }

    [Fact]
    public async Task AReceiverCanBeTestedAndItIsSeenHowItLastWent()
    {
        await using var chat = await Listener.StartAsync();
        await using var api = await ApiFixture.StartAsync();
        await api.PutAsync(
            new Receiver { Name = "alerts", Spec = new() { Webhook = $"{chat.Url}/alerts" } }, new Receiver { Name = "ding", Spec = new() { Chat = new() { Kind = ChatKind.Dingtalk, Url = $"{chat.Url}/ding" }, Least = Criticality.High } },
            new Receiver { Name = "lost", Spec = new() { Chat = new() { Kind = ChatKind.Slack, Url = "env:MAINSTAY_TEST_NO_SUCH_URL" } } });
        (await api.GetJsonAsync("api/v1/notify"))["items"]!.AsArray().Select(i => $"{i!["name"]} {i["by"]} {i["least"]} {i["lastOf"]}").ShouldBe(["alerts webhook low ", "ding dingtalk high ", "lost slack low "]);
        (await api.SendAsync(HttpMethod.Post, "api/v1/notify/alerts/test")).Status.ShouldBe(200);
        chat.Took["/alerts"].Select(t => (string)t["status"]!).ShouldBe(["firing", "resolved"], "nothing stays open there");
        (await api.SendAsync(HttpMethod.Post, "api/v1/notify/ding/test")).Status.ShouldBe(200);
        ((string)chat.Took["/ding"].Single()["text"]!["content"]!).ShouldContain("this is a test of the receiver ding");
        var problem = await api.ProblemAsync(HttpMethod.Post, "api/v1/notify/lost/test");
        (problem.Status, (string)problem.Body["detail"]!).ShouldBe((502, "lost did not take it: the server's environment has no MAINSTAY_TEST_NO_SUCH_URL"));
        (await api.SendAsync(HttpMethod.Post, "api/v1/notify/nobody/test")).Status.ShouldBe(404);
        (await api.GetJsonAsync("api/v1/notify"))["items"]!.AsArray().Select(i => $"{i!["lastOf"]}: {i["why"]}").ShouldBe(["a test: ", "a test: ", "a test: the server's environment has no MAINSTAY_TEST_NO_SUCH_URL"]);
    }

    [Fact]
    public void MessagesKeepToTheLimitsAndMarksOfTheirChats()
    {
        var incident = IncidentEndpointsTests.One("i 1", DateTimeOffset.UnixEpoch) with { Title = "SELECT * FROM a WHERE b < 1 & c > 2 " + new string('注', 20_000) };
        ((string)ChatMessage.Body(ChatKind.Slack, incident, "")["text"]!).ShouldStartWith("Trouble (critical): SELECT * FROM a WHERE b &lt; 1 &amp; c &gt; 2 ");
        var wecom = (string)ChatMessage.Body(ChatKind.Wecom, incident, "http://h")["text"]!["content"]!;
        (Encoding.UTF8.GetByteCount(wecom) is > 2040 and <= 2048, wecom.EndsWith("注\n…", StringComparison.Ordinal)).ShouldBe((true, true));
        ((string)ChatMessage.Body(ChatKind.Feishu, incident with { Title = "short" }, "http://h:7070")["content"]!["text"]!).ShouldEndWith("\nhttp://h:7070/incidents/i%201\n");
    }

    [Fact]
    public void RobotsThatWantItGetASignature()
    {
        // Computed with openssl dgst -sha256 -hmac.
        var body = new JsonObject();
        ChatMessage.Sign(ChatKind.Dingtalk, body, "SECabc", DateTimeOffset.FromUnixTimeMilliseconds(1700000000123)).ShouldBe("timestamp=1700000000123&sign=IqXBU%2FaLfwMA3S%2FtDcfRmHx5vWHw9Y1aOgFLBr1Ti9w%3D");
        body.Count.ShouldBe(0);
        ChatMessage.Sign(ChatKind.Feishu, body, "SECabc", DateTimeOffset.FromUnixTimeMilliseconds(1700000000123)).ShouldBe("");
        ((string)body["timestamp"]!, (string)body["sign"]!).ShouldBe(("1700000000", "XprR1de+0SSBnwWyU/4k6x2TL+Q2SJlM5NNEdAv7MWg="));
        new NotifySpec { Chat = new() { Kind = ChatKind.Slack, Url = "env:A", Secret = "env:B" } }.Validate().Single().Path.ShouldBe("chat.secret");
        new NotifySpec { Chat = new() { Kind = ChatKind.Feishu, Url = "env:A", Secret = "env:B" } }.Validate().ShouldBeEmpty();
    }

    /// <summary>A store with a loop over it that is a new one each time.</summary>
    sealed class Stage : IAsyncDisposable
    {
        readonly MemoryStore store;
        readonly DateTimeOffset began;

        public Stage() => (store, began) = (new(Time), Time.GetUtcNow());

        public FakeTime Time { get; } = new();

        public ConcurrentQueue<string> Faults { get; } = new();

        public double Seconds => (Time.GetUtcNow() - began).TotalSeconds;

        public async Task PutAsync(params Resource[] resources) =>
            (await store.CommitAsync(new([], [.. resources.Select(r => new Operation(CoreKinds.All.Of(r.GetType()).KeyOf(r.Name), Codec.Encode(r)))]))).Succeeded.ShouldBeTrue();

        public async Task<Incident> ReadAsync(string name) => CoreKinds.All.Of<Incident>().Decode((await store.GetAsync($"incident/{name}"))!) as Incident ?? throw new InvalidOperationException();

        public Task RunUntilAsync(Func<bool> holds) => RunUntilAsync(() => Task.FromResult(holds()));

        public async Task RunUntilAsync(Func<Task<bool>> holds)
        {
            using var stop = new CancellationTokenSource();
            var services = new ServerServices(store, CoreKinds.All, Time) { OnFault = (where, fault) => Faults.Enqueue($"{where}: {fault.Message}") };
            var mirror = new Mirror(store, CoreKinds.All, Time, [typeof(Incident), typeof(Receiver)]);
            var loop = new NotifyLoop(services, mirror, "http://127.0.0.1:7070");
            var running = Task.WhenAll(mirror.RunAsync(stop.Token), loop.RunAsync(stop.Token));
            await mirror.ReachAsync(store.Revision, stop.Token);
            await Until.HoldsAsync(holds, () => Time.Advance(TimeSpan.FromSeconds(1)));
            await stop.CancelAsync();
            await running.ContinueWith(static _ => { }, TaskScheduler.Default);
        }

        public ValueTask DisposeAsync() => store.DisposeAsync();
    }

    /// <summary>A web server that keeps what it is sent.</summary>
    sealed class Listener(WebApplication app) : IAsyncDisposable
    {
        int refusals;

        public ConcurrentDictionary<string, ConcurrentQueue<JsonNode>> Took { get; } = new();

        public string Url => app.Urls.Single();

        public int Refusals
        {
            set => refusals = value;
        }

        public static async Task<Listener> StartAsync()
        {
            var builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.UseUrls("http://127.0.0.1:0");
            var app = builder.Build();
            var listener = new Listener(app);
            app.Run(async context =>
            {
                using var reader = new StreamReader(context.Request.Body);
                listener.Took.GetOrAdd(context.Request.Path, _ => new()).Enqueue(JsonNode.Parse(await reader.ReadToEndAsync())!);
                context.Response.StatusCode = Interlocked.Decrement(ref listener.refusals) >= 0 ? 503 : 200;
                await context.Response.WriteAsync("""{"errcode":0,"code":0}""");
            });
            await app.StartAsync();
            return listener;
        }

        public async ValueTask DisposeAsync()
        {
            await app.StopAsync();
            await app.DisposeAsync();
        }
    }
}
