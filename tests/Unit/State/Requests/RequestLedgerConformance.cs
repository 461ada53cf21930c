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

    protected static RequestClaim Claim(string key) => new() { Route = "r", Owner = "o", Key = key, Fingerprint = new byte[] { 1 }, Keep = TimeSpan.FromHours(1) };

    protected static RequestClaim Later(string key, byte[] request, int most) => Claim(key) with { Later = new(request, most, 1 << 20) };
}
