using Mainstay.Core.Requests;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.State.Requests;

/// <summary>What every ledger of requests guarantees; each engine inherits it.</summary>
public abstract class RequestLedgerConformance
{
    protected FakeTime Time { get; } = new();

    /// <summary>The ledger of this test, as one more process has it; <paramref name="isGone"/>: one that is over once it is disposed.</summary>
    protected abstract IRequestLedger Open(bool isGone = false);

    [Fact]
    public async Task OfManyClaimsToAKeyAtTwoGatewaysOneBegins()
    {
        await using var one = Open();
        await using var other = Open();
        var claims = Enumerable.Range(0, 200).Select(i => (i % 2 == 0 ? one : other).ClaimAsync(Claim("k"), default)).ToArray();
        var answers = await Task.WhenAll(claims);
        answers.Count(a => a.Verdict == ClaimVerdict.Begun).ShouldBe(1);
        answers.Count(a => a.Verdict == ClaimVerdict.Running).ShouldBe(199);
        (await one.ClaimAsync(Claim("k") with { Owner = "another" }, default)).Verdict.ShouldBe(ClaimVerdict.Begun, "keys belong to their owners");
        (await one.ClaimAsync(Claim("k") with { Route = "another" }, default)).Verdict.ShouldBe(ClaimVerdict.Begun, "and to their routes");
        (await one.ClaimAsync(Claim("k") with { Fingerprint = new byte[] { 2 } }, default)).Verdict.ShouldBe(ClaimVerdict.OtherRequest);
    }

    [Fact]
    public async Task AnAnswerIsGivenAgainAfterARestartAndForgottenInItsTime()
    {
        await using (var before = Open())
        {
            var begun = await before.ClaimAsync(Claim("k"), default);
            var answer = new KeptAnswer(201, "X-A: 1\r\n"u8.ToArray(), "made"u8.ToArray(), IsWhole: true);
            (await before.EndAsync(new(begun.Id, begun.Attempt, RequestEnding.Answered) { Answer = answer })).ShouldBeTrue();
        }

        await using var ledger = Open();
        var again = await ledger.ClaimAsync(Claim("k"), default);
        again.Verdict.ShouldBe(ClaimVerdict.Answered);
        again.Answer!.Status.ShouldBe(201);
        again.Answer.Lines.ToArray().ShouldBe("X-A: 1\r\n"u8.ToArray());
        again.Answer.Body.ToArray().ShouldBe("made"u8.ToArray());
        (await ledger.ListAsync(new(null, null, 10), default)).ShouldHaveSingleItem().Status.ShouldBe(201);

        Time.Advance(TimeSpan.FromHours(1) + TimeSpan.FromMinutes(1));
        (await ledger.FindAsync(again.Id, default)).ShouldBeNull("it was kept for an hour");
        await Until.HoldsAsync(async () => (await ledger.ListAsync(new(null, null, 10), default)).Count == 0);
        (await ledger.ClaimAsync(Claim("k"), default)).Verdict.ShouldBe(ClaimVerdict.Begun);
    }

    [Fact]
    public async Task WhatAProcessHadThatIsGoneIsUnknownAtOnce()
    {
        await using (var gone = Open(isGone: true)) (await gone.ClaimAsync(Claim("k"), default)).Verdict.ShouldBe(ClaimVerdict.Begun);
        await using var ledger = Open();
        (await ledger.ClaimAsync(Claim("k"), default)).Verdict.ShouldBe(ClaimVerdict.Unknown);
        var again = await ledger.ClaimAsync(Claim("k") with { Repeats = true }, default);
        (again.Verdict, again.Attempt).ShouldBe((ClaimVerdict.Begun, 2));
        (await ledger.EndAsync(new(again.Id, 1, RequestEnding.Answered) { Answer = new(200, default, default, true) })).ShouldBeFalse("the first attempt is over");
        (await ledger.ClaimAsync(Claim("k"), default)).Verdict.ShouldBe(ClaimVerdict.Running);
        (await ledger.ChangeAsync(again.Id, RequestWish.Forget, default)).Verdict.ShouldBe(ChangeVerdict.NotNow);
        (await ledger.EndAsync(new(again.Id, 2, RequestEnding.Forgotten))).ShouldBeTrue();
        (await ledger.FindAsync(again.Id, default)).ShouldBeNull();
    }

    [Fact]
    public async Task AcceptedRequestsComeInTheirOrderAndNoneTwice()
    {
        await using var ledger = Open();
        var ids = new List<string>();
        for (var i = 0; i < 5; i++)
        {
            ids.Add((await ledger.ClaimAsync(Later($"k{i}", [(byte)i], most: 5), default)).Id);
            Time.Advance(TimeSpan.FromMilliseconds(10));
        }

        (await ledger.ClaimAsync(Later("k5", [5], most: 5), default)).Verdict.ShouldBe(ClaimVerdict.Full);
        (await ledger.ClaimAsync(Later("k0", [0], most: 5), default)).ShouldBe(new ClaimAnswer(ClaimVerdict.Accepted, ids[0]));
        var first = await ledger.TakeAsync("r", 2, repeats: false);
        first.Select(t => t.Id).ShouldBe(ids[..2]);
        first[1].Request.ToArray().ShouldBe([1]);
        (await ledger.TakeAsync("r", 9, repeats: false)).Select(t => t.Id).ShouldBe(ids[2..]);
        (await ledger.TakeAsync("r", 9, repeats: false)).ShouldBeEmpty();

        await ledger.EndAsync(new(ids[0], 1, RequestEnding.Again) { After = TimeSpan.FromSeconds(5), Why = "later" });
        (await ledger.TakeAsync("r", 9, repeats: false)).ShouldBeEmpty("not before its time");
        Time.Advance(TimeSpan.FromSeconds(5));
        (await ledger.TakeAsync("r", 9, repeats: false)).Single().Attempt.ShouldBe(2);
        await ledger.EndAsync(new(ids[1], 1, RequestEnding.Answered) { Answer = new(200, default, "ok"u8.ToArray(), true) });
        (await ledger.ClaimAsync(Later("k5", [5], most: 5), default)).Verdict.ShouldBe(ClaimVerdict.Accepted, "there is room again");
        (await ledger.FindAsync(ids[1], default))!.Answer!.Body.ToArray().ShouldBe("ok"u8.ToArray());
        (await ledger.FiguresAsync(default)).Sum(f => f.Count).ShouldBe(6);
    }

    [Fact]
    public async Task AcceptedRequestsOfAProcessThatIsGoneGoOnOrArePut()
    {
        await using (var gone = Open(isGone: true))
        {
            await gone.ClaimAsync(Later("a", [1], 10), default);
            await gone.ClaimAsync(Later("b", [2], 10) with { Route = "other" }, default);
            (await gone.TakeAsync("r", 9, repeats: false)).Count.ShouldBe(1);
            (await gone.TakeAsync("other", 9, repeats: false)).Count.ShouldBe(1);
        }

        await using var ledger = Open();
        (await ledger.TakeAsync("r", 9, repeats: true)).Single().Attempt.ShouldBe(2);
        (await ledger.TakeAsync("other", 9, repeats: false)).ShouldBeEmpty();
        var parked = (await ledger.ListAsync(new("other", RequestState.Unknown, 10), default)).Single();
        (await ledger.ChangeAsync(parked.Id, RequestWish.Retry, default)).Verdict.ShouldBe(ChangeVerdict.Done);
        (await ledger.TakeAsync("other", 9, repeats: false)).Single().Request.ToArray().ShouldBe([2]);
    }

    [Fact]
    public async Task WhatAWorkerPulledIsItsOwnForAWhile()
    {
        await using var ledger = Open();
        var ids = new List<string>();
        for (var i = 0; i < 3; i++)
        {
            ids.Add((await ledger.ClaimAsync(Later($"k{i}", [(byte)i], 9), default)).Id);
            Time.Advance(TimeSpan.FromMilliseconds(1));
        }

        (await ledger.PullAsync("r", 2, false, Hold)).Select(t => (t.Id, t.Attempt)).ShouldBe([(ids[0], 1), (ids[1], 1)]);
        (await ledger.PullAsync("r", 2, false, Hold)).Select(t => t.Id).ShouldBe([ids[2]]);
        (await ledger.FindAsync(ids[0], default))!.State.ShouldBe(RequestState.Running);
        Time.Advance(Hold / 2);
        (await ledger.ExtendAsync("r", ids[0], 1, Hold)).ShouldBeTrue();
        (await ledger.ExtendAsync("other", ids[0], 1, Hold)).ShouldBeFalse();
        (await ledger.ExtendAsync("r", ids[1], 2, Hold)).ShouldBeFalse("that is not its attempt");
        (await ledger.EndAsync(new(ids[1], 1, RequestEnding.Answered) { Answer = new(200, default, default, true) })).ShouldBeTrue();
        Time.Advance(Hold / 2);
        (await ledger.ExtendAsync("r", ids[2], 1, Hold)).ShouldBeFalse("its time is over");
        (await ledger.PullAsync("r", 9, true, Hold)).Select(t => (t.Id, t.Attempt)).ShouldBe([(ids[2], 2)], "the service may be asked twice");
        (await ledger.EndAsync(new(ids[2], 1, RequestEnding.Answered) { Answer = new(200, default, default, true) })).ShouldBeFalse("another has it");
        Time.Advance(Hold);
        (await ledger.PullAsync("r", 9, false, Hold)).ShouldBeEmpty("it may not");
        (await ledger.ListAsync(new("r", RequestState.Unknown, 9), default)).Select(r => r.Why).ShouldBe(["its worker was silent for too long", "its worker was silent for too long"]);
        (await ledger.EndAsync(new(ids[0], 1, RequestEnding.Answered) { Answer = new(200, default, default, true) })).ShouldBeTrue("its worker has it after all");
    }

    [Fact]
    public async Task AnEndIsToldOnceAndWhatNobodySettledComesAgain()
    {
        await using var ledger = Open();
        await using var other = Open();
        var id = (await ledger.ClaimAsync(Told("k"), default)).Id;
        (await ledger.FindAsync(id, default))!.Callback.ShouldBeNull("it has not ended");
        (await ledger.ChangeAsync(id, RequestWish.Tell, default)).Verdict.ShouldBe(ChangeVerdict.NotNow);
        await ledger.TakeAsync("r", 9, repeats: false);
        (await ledger.TakeCallbacksAsync(9, Hold)).ShouldBeEmpty();
        await ledger.EndAsync(new(id, 1, RequestEnding.Answered) { Answer = new(201, default, "made"u8.ToArray(), true) });

        var takers = await Task.WhenAll(Enumerable.Range(0, 10).Select(i => (i % 2 == 0 ? ledger : other).TakeCallbacksAsync(9, Hold)));
        var call = takers.SelectMany(t => t).ShouldHaveSingleItem();
        (call.Turn, call.Try, call.Url, call.Request.Id, call.Request.Status).ShouldBe((1, 1, "https://a.test/", id, 201));
        call.Request.Answer!.Body.ToArray().ShouldBe("made"u8.ToArray());
        (await ledger.TakeCallbacksAsync(9, Hold)).ShouldBeEmpty("somebody has it");
        Time.Advance(Hold);
        (await other.TakeCallbacksAsync(9, Hold)).ShouldHaveSingleItem().Try.ShouldBe(2, "who had it did not live to settle it");
        (await ledger.EndCallbackAsync(new(id, 1, 1, CallbackState.Told))).ShouldBeFalse("the first try is over");
        (await ledger.EndCallbackAsync(new(id, 1, 2, CallbackState.Waiting) { After = TimeSpan.FromSeconds(5), Status = 500, Why = "it answered 500" })).ShouldBeTrue();
        (await ledger.FindAsync(id, default))!.Callback.ShouldBe(new ShownCallback("https://a.test/", CallbackState.Waiting, 2, 500, Time.GetUtcNow() + TimeSpan.FromSeconds(5), "it answered 500"));
        (await ledger.TakeCallbacksAsync(9, Hold)).ShouldBeEmpty();
        Time.Advance(TimeSpan.FromSeconds(5));
        (await ledger.TakeCallbacksAsync(9, Hold)).ShouldHaveSingleItem().Try.ShouldBe(3);
        (await ledger.EndCallbackAsync(new(id, 1, 3, CallbackState.Told) { Status = 204 })).ShouldBeTrue();
        Time.Advance(Hold);
        (await ledger.TakeCallbacksAsync(9, Hold)).ShouldBeEmpty("it was told");
        (await ledger.ListAsync(new("r", null, 9), default)).ShouldHaveSingleItem().Callback!.State.ShouldBe(CallbackState.Told);

        (await ledger.ChangeAsync(id, RequestWish.Tell, default)).Request!.Callback!.State.ShouldBe(CallbackState.Waiting);
        (await ledger.TakeCallbacksAsync(9, Hold)).ShouldHaveSingleItem().Turn.ShouldBe(1, "it is the same end");
    }

    [Fact]
    public async Task EachEndOfARequestIsToldAndNoneOfOneThatIsDoneAgain()
    {
        await using var ledger = Open();
        var id = (await ledger.ClaimAsync(Told("k"), default)).Id;
        await ledger.TakeAsync("r", 9, repeats: false);
        await ledger.EndAsync(new(id, 1, RequestEnding.Unknown) { Why = "it broke" });
        (await ledger.ChangeAsync(id, RequestWish.Retry, default)).Verdict.ShouldBe(ChangeVerdict.Done);
        (await ledger.TakeCallbacksAsync(9, Hold)).ShouldBeEmpty("it has no end any more");
        await ledger.TakeAsync("r", 9, repeats: false);
        await ledger.EndAsync(new(id, 2, RequestEnding.Answered) { Answer = new(200, default, default, true) });
        (await ledger.TakeCallbacksAsync(9, Hold)).ShouldHaveSingleItem().Turn.ShouldBe(2);
        (await ledger.ChangeAsync(id, RequestWish.Forget, default)).Verdict.ShouldBe(ChangeVerdict.Done);
        (await ledger.EndCallbackAsync(new(id, 2, 1, CallbackState.Told))).ShouldBeFalse("it is forgotten");

        var cancelled = (await ledger.ClaimAsync(Told("k"), default)).Id;
        await ledger.ChangeAsync(cancelled, RequestWish.Cancel, default);
        (await ledger.TakeCallbacksAsync(9, Hold)).ShouldHaveSingleItem().Request.State.ShouldBe(RequestState.Cancelled);
        var plain = (await ledger.ClaimAsync(Later("p", [1], 9), default)).Id;
        await ledger.ChangeAsync(plain, RequestWish.Cancel, default);
        (await ledger.TakeCallbacksAsync(9, Hold)).ShouldBeEmpty("nobody wants to know");
    }

    static readonly TimeSpan Hold = TimeSpan.FromSeconds(90);

    static RequestClaim Told(string key) => Claim(key) with { Later = new(new byte[] { 1 }, 9, 1 << 20, "https://a.test/") };

    protected static RequestClaim Claim(string key) => new() { Route = "r", Owner = "o", Key = key, Fingerprint = new byte[] { 1 }, Keep = TimeSpan.FromHours(1) };

    protected static RequestClaim Later(string key, byte[] request, int most) => Claim(key) with { Later = new(request, most, 1 << 20) };
}
