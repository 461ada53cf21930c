using Mainstay.Core.Kinds.Traffic;
using Mainstay.Core.Requests;
using Mainstay.State.Drivers;
using Mainstay.Tests.Traffic;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.State.Requests;

/// <summary>Calls that tell ends, to places that are and to places that must not be called.</summary>
public sealed class CallbackSenderTests : IDisposable
{
    readonly FakeTime time = new();
    readonly CallbackSender sender;

    public CallbackSenderTests() => sender = new(time);

    public void Dispose() => sender.Dispose();

    [Fact]
    public async Task WhatLeadsInsideIsNotConnectedTo()
    {
        await using var inside = RawUpstream.Always("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        foreach (var url in new[] { $"http://127.0.0.1:{inside.Port}/", $"http://localhost:{inside.Port}/", $"http://[::ffff:127.0.0.1]:{inside.Port}/", $"http://2130706433:{inside.Port}/", $"http://0.0.0.0:{inside.Port}/" })
        {
            var end = await SendAsync(url, Terms(url));
            end.State.ShouldBe(CallbackState.Waiting, url);
            end.Why!.ShouldContain("may not be called", Case.Sensitive, url);
        }

        inside.Accepted.ShouldBe(0);
        (await SendAsync($"http://127.0.0.1:{inside.Port}/", Terms($"http://127.0.0.1:{inside.Port}/") with { Private = true })).State.ShouldBe(CallbackState.Told);
        (await SendAsync($"http://169.254.169.254:{inside.Port}/", Terms($"http://169.254.169.254:{inside.Port}/") with { Private = true })).Why!.ShouldContain("may not be called");
    }

    [Fact]
    public async Task ARedirectIsNotFollowedAndAPlaceThatIsAllowedNoMoreNotCalled()
    {
        await using var target = RawUpstream.Always("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        await using var place = RawUpstream.Always($"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:{target.Port}/\r\nContent-Length: 0\r\n\r\n");
        var url = $"http://127.0.0.1:{place.Port}/";
        var end = await SendAsync(url, Terms(url) with { Private = true });
        (end.State, end.Status).ShouldBe((CallbackState.Waiting, 302));
        target.Accepted.ShouldBe(0);
        (await SendAsync(url, Terms("https://other.test/") with { Private = true })).State.ShouldBe(CallbackState.GivenUp);
        place.Accepted.ShouldBe(1);
    }

    [Fact]
    public async Task WhoDoesNotAnswerInTimeIsCalledAgain()
    {
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var go = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var silent = new RawUpstream(async (peer, _) =>
        {
            await peer.ReadHeadAsync();
            asked.SetResult();
            await go.Task;
        });
        var url = $"http://127.0.0.1:{silent.Port}/";
        var sending = SendAsync(url, Terms(url) with { Private = true, Timeout = TimeSpan.FromSeconds(2) });
        await asked.Task;
        time.Advance(TimeSpan.FromSeconds(2));
        var end = await sending;
        go.SetResult();
        (end.State, end.Why, end.After).ShouldBe((CallbackState.Waiting, "no answer within 2 s", TimeSpan.FromSeconds(1)));
        var dead = $"http://127.0.0.1:{RawUpstream.DeadPort()}/";
        (await SendAsync(dead, Terms(dead) with { Private = true })).Why!.ShouldContain("could not be reached");
    }

    static CallbackSpec Terms(string url) => new() { Url = url, Secret = "s" };

    Task<CallbackEnd> SendAsync(string url, CallbackSpec terms) => sender.SendAsync(
        new(1, 1, url, time.GetUtcNow(), new() { Id = "r", Route = "r", Owner = "o", State = RequestState.Failed, Why = "it was given up" }), terms, "horse", "/answer", CancellationToken.None);
}
