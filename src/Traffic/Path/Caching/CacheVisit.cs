using System.Runtime.CompilerServices;
using Mainstay.Traffic.Policies;

namespace Mainstay.Traffic.Path;

/// <summary>
/// One request's way through the cache: what is kept for it, whether it is given, and what becomes of the response where the service is asked. Belongs to an
/// exchange and is used again.
/// </summary>
internal sealed class CacheVisit
{
    private const long PassMs = 30_000;

    // The last good response is taken anew so often at the most.
    private const long GoodEveryMs = 1000;

    private readonly BodyCollector body = new();
    private readonly StoredAnswer answer = new();
    private readonly AcceptedCodings codings = new();
    private readonly byte[] selecting = new byte[FactsReader.MostSelecting];
    private byte[] key = new byte[512];
    private int keyLength;
    private ulong hash;
    private CacheZone? zone;
    private List<CacheZone>? siblings;
    private CacheAsk ask;
    private StoredResponse? kept;
    private StoredResponse? asking;
    private Flight? flight;
    private Flight? joining;
    private StoredHead? head;
    private StoredTimes times;
    private Forwarded why;
    private long askedAt;
    private bool isUnsafe;
    private bool wasCollapsed;

    /// <summary>It has something to say about the response.</summary>
    public bool IsOpen { get; private set; }

    private ReadOnlySpan<byte> Key => key.AsSpan(0, keyLength);

    /// <summary>A request comes by.</summary>
    /// <param name="x">The exchange.</param>
    /// <param name="own">The target's zone; null where it has none, and only changes what others keep.</param>
    /// <param name="all">The zones of the same service.</param>
    public Verdict Enter(Exchange x, CacheZone? own, List<CacheZone> all)
    {
        if (own is null && x.Request.IsSafe) return Verdict.Pass;
        Reset();
        (zone, siblings, IsOpen) = (own, all, true);
        x.Connection.Refreshing?.ApplyTo(x);
        var bytes = x.HeadBytes;
        ask.Read(x, bytes);
        var method = x.Request.Method.Of(bytes);
        if (!x.Request.IsHead && !method.SequenceEqual("GET"u8))
        {
            why = Forwarded.Method;
            isUnsafe = !x.Request.IsSafe && !method.SequenceEqual("TRACE"u8);
            return Verdict.Pass;
        }
        if (zone is null || !MakeKey(x, zone, ask)) return Bypass();
        return Decide(x);
    }

    /// <summary>Waits for the flights of equal requests, one after the other, and looks again after each; all that within the time of one wait.</summary>
    [AsyncMethodBuilder(typeof(ReusedTask<>))]
    public async ValueTask<Verdict> WaitAsync(Exchange x)
    {
        var clock = x.Connection.Gateway.Clock;
        var begun = clock.Micros;
        var verdict = Verdict.Wait;
        while (verdict == Verdict.Wait)
        {
            var (now, room) = (clock.Micros, joining!);
            var parking = x.Parking ??= new Parking();
            var version = parking.Begin(x.Connection.Wire, room);
            x.Connection.Waits.ForQueue(parking, version, Math.Max(1, room.WaitMs - (now - begun) / 1000));
            // Counted once its end is settled: whoever sees the count may let time pass.
            if (!wasCollapsed) zone!.Counts.Collapsed();
            wasCollapsed = true;
            room.NoteJoined();
            var end = room.Park(parking, 0, 0, now);
            // The heartbeat may end it at any time from now on; then its word is to be taken.
            if (end != WaitEnd.Waiting && !parking.TryEnd(end)) end = WaitEnd.Waiting;
            if (end == WaitEnd.Waiting) end = await parking.Task;
            x.Connection.Waits.EndQueue();
            joining = null;
            if (end == WaitEnd.Gone)
            {
                Reset();
                x.Reason = Reason.ClientAborted;
                return Verdict.Refuse;
            }
            verdict = Decide(x, mayWait: end == WaitEnd.Admitted && clock.Micros - begun < room.WaitMs * 1000);
        }
        return verdict;
    }

    /// <summary>The response's head is there, or there will be none. The reason that remains.</summary>
    public Reason Answered(Exchange x, Reason reason)
    {
        if (reason != Reason.None) return Rescue(x, reason) ? Reason.None : reason;
        if (x.Answer is not null || x.Upstream is not { } upstream) return reason;
        var bytes = upstream.Received.Span[..x.Response.Length];
        var status = x.Response.Status;
        if (isUnsafe && status is >= 200 and < 400) Invalidate(x, bytes);
        if (zone is null) return reason;
        if (asking is { } known && status == 304) return Freshen(x, known, bytes);
        if (status is 500 or 502 or 503 or 504 && RescueFromAnswer(x)) return reason;
        var stores = flight is not null && Collect(x, bytes);
        if (zone.Tells) CacheStatus.AddForwarded(x, why, status, stores, wasCollapsed);
        return reason;
    }

    /// <summary>A piece of the response's body goes to the client.</summary>
    public void Take(Exchange x, ReadOnlySpan<byte> bytes, bool isFramed)
    {
        body.Add(bytes, isFramed);
        if (body.IsWhole) Publish(x);
        else if (body.IsGivenUp) Land(x, passes: true);
    }

    /// <summary>The response has passed to its end.</summary>
    public void TakeEnd(Exchange x)
    {
        body.End();
        if (body.IsWhole) Publish(x);
    }

    /// <summary>Gives the last good response of a zone, if there is one for this request.</summary>
    public bool TryGood(Exchange x, CacheZone from)
    {
        if (!x.Request.IsHead && !x.Request.Method.Of(x.HeadBytes).SequenceEqual("GET"u8)) return false;
        if (!IsOpen || zone != from || (kept is null && why == Forwarded.Bypass)) Look(x, from);
        if (kept is not { } good || !CacheRules.IsGood(good.Times, x.NowMs)) return false;
        from.Counts.Good();
        Serve(x, good, x.Attempt > 0 ? "fwd=stale; detail=last-good" : "hit; detail=last-good");
        return true;
    }

    /// <summary>The age in seconds of the last good answer that would stand in; null where there is none. Without any effect.</summary>
    public long? PeekGood(Exchange x, CacheZone from)
    {
        if (!x.Request.IsHead && !x.Request.Method.Of(x.HeadBytes).SequenceEqual("GET"u8)) return null;
        Look(x, from);
        return kept is { } stored && CacheRules.IsGood(stored.Times, x.NowMs) ? (x.NowMs - stored.Times.At) / 1000 : null;
    }

    /// <summary>In words, what would become of a request. Without any effect.</summary>
    public Opinion Peek(Exchange x, CacheZone from)
    {
        Look(x, from);
        var now = x.NowMs;
        if (kept is not { } stored) return new(Verdict.Pass, from.Terms.IsCache ? "nothing is kept for it: the service is asked" : "no good response is kept for it yet");
        var age = stored.Times.Age(now) / 1000;
        if (x.StaleMs > 0 && CacheRules.Use(stored.Times, ask.Facts.Control, from.Terms, now) > CacheUse.Stale && CacheRules.MayServeStale(stored.Times, x.StaleMs, now))
        {
            return new(Verdict.Answer, $"{age} s old, given because that is thrown");
        }
        if (!stored.Times.IsCached) return new(Verdict.Pass, $"the last good response is {(now - stored.Times.At) / 1000} s old");
        return CacheRules.Use(stored.Times, ask.Facts.Control, from.Terms, now) switch
        {
            CacheUse.Fresh => new(Verdict.Answer, $"fresh for another {stored.Times.LeftMs(now) / 1000} s, {age} s old, {stored.Length} bytes"),
            CacheUse.Stale or CacheUse.Refresh => new(Verdict.Answer, $"stale for {-stored.Times.LeftMs(now) / 1000} s, which is allowed"),
            _ => new(Verdict.Pass, $"kept but stale, {age} s old: the service is asked whether it still holds"),
        };
    }

    /// <summary>Another part than the one that it came for answers: that is not kept as an answer of this one.</summary>
    public void Cross() => flight?.Spoil();

    /// <summary>The exchange is over.</summary>
    public void Leave(Exchange x)
    {
        if (flight is not null) Land(x, passes: false);
        Reset();
    }

    /// <summary>Lets go of everything.</summary>
    public void Reset()
    {
        if (!IsOpen) return;
        IsOpen = isUnsafe = wasCollapsed = false;
        body.Clear();
        answer.Clear();
        (zone, siblings, kept, asking, flight, joining, head) = (null, null, null, null, null, null, null);
        why = default;
        keyLength = 0;
    }

    private void Look(Exchange x, CacheZone from)
    {
        Reset();
        (zone, IsOpen) = (from, true);
        ask.Read(x, x.HeadBytes);
        if (MakeKey(x, from, ask)) kept = Selected(from.Store.Find(hash, Key), x);
    }

    private bool MakeKey(Exchange x, CacheZone of, in CacheAsk asked)
    {
        if (asked.IsOdd) return false;
        var part = x.Target!.PartKey;
        keyLength = of.WriteKey(key, x, asked, x.Request.Target.Of(x.HeadBytes), part);
        if (keyLength < 0 && key.Length < CacheZone.MostKey)
        {
            key = new byte[CacheZone.MostKey];
            keyLength = of.WriteKey(key, x, asked, x.Request.Target.Of(x.HeadBytes), part);
        }
        if (keyLength < 0)
        {
            keyLength = 0;
            return false;
        }
        hash = of.Store.HashOf(Key);
        return true;
    }

    private Verdict Bypass()
    {
        why = Forwarded.Bypass;
        zone?.Counts.Passed();
        return Verdict.Pass;
    }

    private Verdict Decide(Exchange x, bool mayWait = true)
    {
        var (now, terms) = (x.NowMs, zone!.Terms);
        var slot = zone.Store.Find(hash, Key);
        kept = Selected(slot, x);
        if (x.Connection.Refreshing is not null) return Fetch(x, slot, isAsking: kept is { Head.HasValidator: true }, mayWait: false);
        var use = kept is null ? CacheUse.Miss : CacheRules.Use(kept.Times, ask.Facts.Control, terms, now);
        if (use > CacheUse.Stale && kept is not null && x.StaleMs > 0 && CacheRules.MayServeStale(kept.Times, x.StaleMs, now)) use = CacheUse.Stale;
        switch (use)
        {
            case CacheUse.Fresh:
                zone.Counts.Hit();
                Serve(x, kept!, "hit");
                return Verdict.Answer;
            case CacheUse.Stale:
                zone.Counts.Stale();
                Serve(x, kept!, "hit; detail=stale");
                return Verdict.Answer;
            case CacheUse.Refresh:
                if (zone.Store.FlightOf(hash) is null && !x.Request.IsHead) Refresh.Begin(x);
                zone.Counts.Stale();
                Serve(x, kept!, "hit; detail=stale-while-revalidate");
                return Verdict.Answer;
        }
        if (terms.HonoursClients && ask.Facts.Control.OnlyIfCached)
        {
            Reset();
            x.Reason = Reason.NotCached;
            return Verdict.Refuse;
        }
        why = kept is null ? slot is { Responses.Length: > 0 } ? Forwarded.VaryMiss : Forwarded.UriMiss
            : use == CacheUse.Miss ? Forwarded.Miss : kept.Times.LeftMs(now) > 0 ? Forwarded.Request : Forwarded.Stale;
        return Fetch(x, slot, isAsking: use == CacheUse.Ask && kept!.Head.HasValidator, mayWait);
    }

    /// <summary>Asks the service: as the one flight of its address, or after another's, or beside it.</summary>
    private Verdict Fetch(Exchange x, CacheSlot? slot, bool isAsking, bool mayWait)
    {
        var (now, store) = (x.NowMs, zone!.Store);
        var passes = slot?.Pass is { } pass && pass.UntilMs > now;
        if (passes) zone.Counts.Passed();
        else if (!isAsking && x.Connection.Refreshing is null) zone.Counts.Miss();
        // What is only for this client brings nothing to be kept.
        var refreshes = x.Connection.Refreshing is not null;
        // What is lesser does not take the whole one's place.
        if (x.Lesser is not null) return Verdict.Pass;
        if (!refreshes && (x.Request.IsHead || (!isAsking && ask.IsConditional))) return Verdict.Pass;
        if (!zone.Terms.IsCache && kept is not null && now - kept.Times.At < GoodEveryMs) return Verdict.Pass;
        var own = new Flight(hash, Key.ToArray(), zone.Collapse > TimeSpan.Zero ? zone.Collapse : TimeSpan.FromMilliseconds(1));
        var under = store.Join(own);
        if (under != own && refreshes)
        {
            x.Reason = Reason.ClientAborted;
            return Verdict.Refuse;
        }
        if (under != own)
        {
            if (passes || !mayWait || zone.Collapse == TimeSpan.Zero || !Key.SequenceEqual(under.Key)) return Verdict.Pass;
            joining = under;
            return Verdict.Wait;
        }
        flight = own;
        askedAt = now;
        if (isAsking || refreshes) x.Request.CutNamed(x.HeadBytes, CacheAsk.ClientConditions);
        if (isAsking) AskWhetherItHolds(x, kept!);
        return Verdict.Pass;
    }

    /// <summary>RFC 9111 §4.3.1: our conditions in place of the client's, which are judged here.</summary>
    private void AskWhetherItHolds(Exchange x, StoredResponse stored)
    {
        asking = stored;
        if (stored.Head.Tag.Length > 0) x.Onward.Add("If-None-Match"u8, stored.Head.Tag);
        if (stored.Head.Changed.Length > 0) x.Onward.Add("If-Modified-Since"u8, stored.Head.Changed);
    }

    private StoredResponse? Selected(CacheSlot? slot, Exchange x)
    {
        if (slot is null) return null;
        byte[][]? written = null;
        var length = 0;
        foreach (var one in slot.Responses)
        {
            var vary = one.Head.Vary;
            if (vary.Length == 0) return one;
            if (vary != written) length = FactsReader.WriteSelecting(selecting, written = vary, x.Request, x.HeadBytes, ask, codings);
            if (length >= 0 && selecting.AsSpan(0, length).SequenceEqual(one.Head.Selecting)) return one;
        }
        return null;
    }

    private void Serve(Exchange x, StoredResponse stored, string how)
    {
        stored.Touch();
        answer.Set(stored, ask, zone!.Tells ? how : null);
        x.Answer = answer;
    }

    /// <summary>The service fails: an older response is given where the terms allow it.</summary>
    private bool Rescue(Exchange x, Reason reason)
    {
        if (kept is null || zone is null || x.Answered || !Fallback.Covers(reason) || !CacheRules.MayRescue(kept.Times, ask.Facts.Control, zone.Terms, x.NowMs)) return false;
        x.Upstream?.Discard();
        x.Upstream = null;
        if (!x.Connection.Waits.Rest()) return false;
        x.Failed = reason;
        x.Reason = Reason.None;
        zone.Counts.Stale();
        Serve(x, kept, x.Attempt > 0 ? "fwd=stale; detail=stale-if-error" : "hit; detail=stale-if-error");
        return true;
    }

    /// <summary>The service answers that it cannot: the same.</summary>
    private bool RescueFromAnswer(Exchange x)
    {
        if (kept is null) return false;
        var isGood = CacheRules.IsGood(kept.Times, x.NowMs);
        if (!isGood && !CacheRules.MayRescue(kept.Times, ask.Facts.Control, zone!.Terms, x.NowMs)) return false;
        x.Upstream!.Discard();
        x.Upstream = null;
        if (!x.Connection.Waits.Rest()) return false;
        if (isGood) x.Added.Add("X-Mainstay-Fallback"u8, "upstream-error"u8);
        if (isGood) zone!.Counts.Good();
        else zone!.Counts.Stale();
        Serve(x, kept, isGood ? "fwd=stale; detail=last-good" : "fwd=stale; detail=stale-if-error");
        return true;
    }

    private Reason Freshen(Exchange x, StoredResponse known, ReadOnlySpan<byte> bytes)
    {
        var nowUtc = x.Connection.Gateway.Clock.CoarseUtc.ToUnixTimeMilliseconds();
        var merged = known.Head.With(bytes, x.Response, FactsReader.Of(bytes, x.Response, nowUtc), x.Target!.Edits?.Response);
        var fresh = CacheRules.Times(ask.Facts, merged.Facts, zone!.Terms, askedAt, x.NowMs, nowUtc);
        StoredResponse? made = null;
        var isKept = CacheRules.Judge(ask.Facts, merged.Facts, zone.Terms) <= Keep.LastGood && !flight!.IsSpoilt;
        if (isKept) zone.Store.Put(hash, Key, zone.Variants, slot => made = new StoredResponse(slot, zone, merged, known.Body, fresh));
        else zone.Store.Remove(known);
        x.Upstream!.Skip(x.Response.Length);
        x.IsReusable = x.Response.Persistent;
        if (!x.Connection.Waits.Rest()) return Reason.ClientAborted;
        zone.Counts.Revalidated();
        Land(x, passes: false);
        Serve(x, made ?? new StoredResponse(known.Slot, zone, merged, known.Body, fresh), "fwd=stale; fwd-status=304");
        return Reason.None;
    }

    /// <summary>Decides whether the response is kept, and begins to collect it. True if so.</summary>
    private bool Collect(Exchange x, ReadOnlySpan<byte> bytes)
    {
        var (response, terms) = (x.Response, zone!.Terms);
        var nowUtc = x.Connection.Gateway.Clock.CoarseUtc.ToUnixTimeMilliseconds();
        var facts = FactsReader.Of(bytes, response, nowUtc);
        var hasBody = response.Status is not (204 or 304) && response.ContentLength != 0;
        facts.IsOpenEnded = response.IsEventStream || (hasBody && response.ContentLength < 0 && !response.Chunked);
        var verdict = CacheRules.Judge(ask.Facts, facts, terms);
        if (verdict <= Keep.LastGood && FactsReader.VaryOf(bytes, response) is { } vary
            && FactsReader.WriteSelecting(selecting, vary, x.Request, x.HeadBytes, ask, codings) is >= 0 and var length)
        {
            body.Begin(zone.Store, response.ContentLength, zone.MostObject, hasBody);
            if (!body.IsGivenUp)
            {
                head = StoredHead.Of(bytes, response, facts, x.Target!.Edits?.Response, terms.StripsCookies && !terms.IsPerClient, vary, selecting[..length]);
                times = CacheRules.Times(ask.Facts, facts, terms, askedAt, x.NowMs, nowUtc);
                if (body.IsWhole) Publish(x);
                else x.Collecting = this;
                return true;
            }
            body.Clear();
        }
        // What was kept is no longer what the service would answer.
        if (kept is not null && response.Status is (>= 200 and < 300) or 404 or 410) zone.Store.Remove(kept);
        Land(x, passes: true);
        return false;
    }

    private void Publish(Exchange x)
    {
        x.Collecting = null;
        var (made, made2) = (head!, body.Take());
        if (flight is { IsSpoilt: false }) zone!.Store.Put(hash, Key, zone.Variants, slot => new StoredResponse(slot, zone, made, made2, times));
        Land(x, passes: false);
    }

    /// <summary>Whoever waits looks again.</summary>
    /// <param name="x">The exchange.</param>
    /// <param name="passes">There is nothing to wait for here, now and for a while.</param>
    private void Land(Exchange x, bool passes)
    {
        x.Collecting = null;
        if (flight is not { } own) return;
        flight = null;
        body.Clear();
        if (passes && own.WasJoined) zone!.Store.PutPass(hash, Key, x.NowMs + PassMs);
        zone!.Store.End(own);
        own.Land(x.Connection.Gateway.Clock.Micros);
    }

    /// <summary>RFC 9111 §4.4: a change takes what it changed out of every zone that keeps responses of the service.</summary>
    private void Invalidate(Exchange x, ReadOnlySpan<byte> bytes)
    {
        Forget(x, x.Request.Target.Of(x.HeadBytes));
        var lines = new HeaderLines(bytes, x.Response);
        while (lines.MoveNext())
        {
            var name = lines.Name;
            if (!System.Text.Ascii.EqualsIgnoreCase(name, "location"u8) && !System.Text.Ascii.EqualsIgnoreCase(name, "content-location"u8)) continue;
            var target = FactsReader.SameOrigin(lines.Line[(name.Length + 1)..].Trim(" \t\r\n"u8), x.Client.Facts is not null, x.Request.Host.Of(x.HeadBytes));
            if (!target.IsEmpty) Forget(x, target);
        }
    }

    private void Forget(Exchange x, ReadOnlySpan<byte> target)
    {
        if (key.Length < CacheZone.MostKey) key = new byte[CacheZone.MostKey];
        foreach (var one in siblings!)
        {
            foreach (var part in one.Parts)
            {
                var length = one.WriteKey(key, x, ask, target, part);
                if (length > 0) one.Store.Invalidate(one.Store.HashOf(key.AsSpan(0, length)), key.AsSpan(0, length));
            }
        }
    }
}
