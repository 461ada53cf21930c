using System.Security.Cryptography;
using Mainstay.Core.Requests;
using Mainstay.State.Decide;

namespace Mainstay.State.Requests;

/// <summary>Carries out within a transaction what <see cref="RequestDecide"/> decides: the same for every engine.</summary>
/// <param name="own">How this process is called as the holder of what begins here.</param>
sealed class RequestBook(string own)
{
    /// <summary>Claims a key, or accepts a request.</summary>
    public ClaimAnswer Claim(IRequestTable table, RequestClaim claim, long nowMs)
    {
        var known = claim.Key is { } key ? table.ByKey(claim.Route, claim.Owner, key) : null;
        RequestStanding? standing = known is null
            ? null
            : new(known.State, known.IsAccepted, table.IsHeld(known), claim.Fingerprint.Span.SequenceEqual(known.Fingerprint), known.EndsMs <= nowMs);
        var (move, verdict) = RequestDecide.Claim(standing, claim.Later is not null, claim.Repeats);
        if (move == ClaimMove.Tell)
            return new(verdict, known!.Id, known.Attempt, verdict == ClaimVerdict.Answered ? table.Answer(known) : null);
        if (claim.Later is { } later)
        {
            var (count, bytes) = table.Backlog(claim.Route);
            if (count >= later.MostWaiting || bytes + later.Request.Length > later.MostBytes)
                return new(ClaimVerdict.Full);
        }

        var isAgain = move == ClaimMove.BeginAgain;
        if (known is not null && !isAgain)
            table.Delete(known);
        var row = (isAgain ? known! : Fresh(claim, nowMs)) with
        {
            State = claim.Later is null ? RequestState.Running : RequestState.Waiting,
            Holder = claim.Later is null ? own : null,
            Attempt = claim.Later is null ? (known is not null && isAgain ? known.Attempt : 0) + 1 : 0,
            EndsMs = long.MaxValue,
            KeepMs = (long)claim.Keep.TotalMilliseconds,
        };
        table.Put(row, isAgain ? known : null);
        if (claim.Later is { } accepted)
            table.KeepBody(row.Id, accepted.Request.Span);
        return new(verdict, row.Id, row.Attempt);
    }

    const long MostPulledBytes = 8 << 20;

    // 128 bits of chance: who does not know the id finds nothing.
    static RequestRow Fresh(RequestClaim claim, long nowMs) => new()
    {
        Id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)),
        Route = claim.Route,
        Owner = claim.Owner,
        Key = claim.Key,
        Fingerprint = claim.Fingerprint.ToArray(),
        IsAccepted = claim.Later is not null,
        AtMs = nowMs,
        DueMs = nowMs,
        Bytes = claim.Later?.Request.Length ?? 0,
        Callback = claim.Later?.Callback,
    };

    /// <summary>Writes down how an attempt ended; false where it does not count any more.</summary>
    public static bool End(IRequestTable table, RequestEnd end, long nowMs)
    {
        if (table.ById(end.Id) is not { } row || !RequestDecide.Counts(row.State, row.Attempt, end))
            return false;
        if (RequestDecide.After(end.How, row.IsAccepted) is not { } state)
        {
            table.Delete(row);
            return true;
        }

        var waits = state == RequestState.Waiting;
        Settle(
            table,
            row with
            {
                State = state,
                Holder = null,
                Status = end.Answer?.Status ?? row.Status,
                Why = end.Why,
                DueMs = waits ? nowMs + (long)end.After.TotalMilliseconds : row.DueMs,
                EndsMs = waits ? long.MaxValue : nowMs + row.KeepMs,
            },
            nowMs,
            row);
        if (end.Answer is { } answer)
            table.KeepAnswer(row.Id, answer);
        // What may be wanted once more stays.
        if (state == RequestState.Answered)
            table.DropBody(row.Id);
        return true;
    }

    /// <summary>Whether there is anything to be taken.</summary>
    public static bool HasWork(IRequestTable table, string route, long nowMs) => table.Due(route, nowMs, 1).Count > 0 || table.Running(route).Exists(r => !table.IsHeld(r));

    /// <summary>Takes what is due, and sees to what nobody has any more.</summary>
    public List<TakenRequest> Take(IRequestTable table, string route, int most, bool repeats, long nowMs) => Take(table, route, most, repeats, nowMs, own, long.MaxValue);

    /// <summary>Takes the same way for a worker, who has it until a time.</summary>
    public static List<TakenRequest> Pull(IRequestTable table, string route, int most, bool repeats, long nowMs, long holdMs) =>
        Take(table, route, most, repeats, nowMs, HoldMark.Until(nowMs + holdMs), MostPulledBytes);

    /// <summary>Holds what a worker has for longer; false where it has it no more.</summary>
    public static bool Extend(IRequestTable table, string route, string id, int attempt, long untilMs)
    {
        if (table.ById(id) is not { State: RequestState.Running } row || row.Route != route || row.Attempt != attempt || !HoldMark.IsOne(row.Holder) || !table.IsHeld(row))
            return false;
        table.Put(row with { Holder = HoldMark.Until(untilMs) }, row);
        return true;
    }

    static List<TakenRequest> Take(IRequestTable table, string route, int most, bool repeats, long nowMs, string holder, long mostBytes)
    {
        foreach (var orphan in table.Running(route).Where(r => !table.IsHeld(r)))
        {
            var state = RequestDecide.Orphaned(repeats);
            var why = HoldMark.IsOne(orphan.Holder) ? "its worker was silent for too long" : "the gateway ended while the service was asked";
            Settle(
                table, orphan with { State = state, Holder = null, Why = why, DueMs = nowMs, EndsMs = state == RequestState.Unknown ? nowMs + orphan.KeepMs : long.MaxValue }, nowMs, orphan);
        }

        var taken = new List<TakenRequest>();
        foreach (var row in table.Due(route, nowMs, most))
        {
            if (taken.Count > 0 && row.Bytes > mostBytes)
                break;
            mostBytes -= row.Bytes;
            var running = row with { State = RequestState.Running, Holder = holder, Attempt = row.Attempt + 1 };
            table.Put(running, row);
            taken.Add(new(row.Id, running.Attempt, table.Body(row.Id) ?? [], DateTimeOffset.FromUnixTimeMilliseconds(row.AtMs), row.Callback));
        }

        return taken;
    }

    /// <summary>Forgets what has been kept for long enough, and sees to keys whose gateway is gone and whose client never came again. True where there may be more.</summary>
    public static bool Sweep(IRequestTable table, long nowMs)
    {
        const int Most = 1_000;
        foreach (var adrift in table.RunningNow(Most).Where(r => !table.IsHeld(r)))
            table.Put(adrift with { State = RequestState.Unknown, Holder = null, Why = "the gateway ended while the service was asked", EndsMs = nowMs + adrift.KeepMs }, adrift);
        return table.Sweep(nowMs);
    }

    /// <summary>Does what somebody wishes.</summary>
    public static ChangeAnswer Change(IRequestTable table, string id, RequestWish wish, long nowMs)
    {
        if (table.ById(id) is not { } row || row.EndsMs <= nowMs)
            return new(ChangeVerdict.NotThere);
        if (wish == RequestWish.Tell)
            return TellAgain(table, row, nowMs);
        var state = RequestDecide.After(wish, row.State, row.IsAccepted, table.IsHeld(row), out var isPossible);
        if (!isPossible)
            return new(ChangeVerdict.NotNow, row.Show());
        if (state is not { } next)
        {
            table.Delete(row);
            return new(ChangeVerdict.Done);
        }

        var changed = row with { State = next, Why = null, DueMs = nowMs, EndsMs = next == RequestState.Waiting ? long.MaxValue : nowMs + row.KeepMs };
        Settle(table, changed, nowMs, row);
        return new(ChangeVerdict.Done, changed.Show(callback: table.Callback(id)));
    }

    /// <summary>Takes calls that are due.</summary>
    public static List<TakenCallback> TakeCallbacks(IRequestTable table, int most, long holdMs, long nowMs)
    {
        var taken = new List<TakenCallback>();
        foreach (var due in table.DueCallbacks(nowMs, most))
        {
            // The request before its call, as everywhere: of two who want both none waits for the other. What somebody else has just taken is due later.
            if (table.ById(due.Id) is not { } row || table.Callback(due.Id) is not { State: CallbackState.Waiting } call || call.DueMs > nowMs)
                continue;
            table.Put(call with { Tries = call.Tries + 1, DueMs = nowMs + holdMs });
            taken.Add(new(call.Turn, call.Tries + 1, call.Url, DateTimeOffset.FromUnixTimeMilliseconds(call.SinceMs), row.Show(table.Answer(row))));
        }

        return taken;
    }

    /// <summary>Writes down how a try of a call ended; false where it does not count any more.</summary>
    public static bool EndCallback(IRequestTable table, CallbackEnd end, long nowMs)
    {
        if (table.Callback(end.Id) is not { State: CallbackState.Waiting } call || call.Turn != end.Turn || call.Tries != end.Try)
            return false;
        table.Put(call with { State = end.State, DueMs = nowMs + (long)end.After.TotalMilliseconds, Status = end.Status, Why = end.Why });
        return true;
    }

    static ChangeAnswer TellAgain(IRequestTable table, RequestRow row, long nowMs)
    {
        if (table.Callback(row.Id) is not { } call || !RequestDecide.IsTold(row.State))
            return new(ChangeVerdict.NotNow, row.Show(callback: table.Callback(row.Id)));
        call = call with { State = CallbackState.Waiting, DueMs = nowMs, SinceMs = nowMs, Tries = 0, Status = 0, Why = null };
        table.Put(call);
        return new(ChangeVerdict.Done, row.Show(callback: call));
    }

    // What is to be told of an end is as durable as the end.
    static void Settle(IRequestTable table, RequestRow row, long nowMs, RequestRow before)
    {
        table.Put(row, before);
        if (row.Callback is not { } url || row.State == before.State)
            return;
        var call = table.Callback(row.Id);
        if (RequestDecide.IsTold(row.State))
            table.Put(new CallbackRow(row.Id, (call?.Turn ?? 0) + 1, url) { DueMs = nowMs, SinceMs = nowMs });
        else if (call is { State: CallbackState.Waiting })
            table.Put(call with { State = CallbackState.GivenUp, Why = "the request is done again" });
    }
}
