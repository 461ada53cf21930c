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
        table.Put(
            row with
            {
                State = state,
                Holder = null,
                Status = end.Answer?.Status ?? row.Status,
                Why = end.Why,
                DueMs = waits ? nowMs + (long)end.After.TotalMilliseconds : row.DueMs,
                EndsMs = waits ? long.MaxValue : nowMs + row.KeepMs,
            },
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
    public List<TakenRequest> Take(IRequestTable table, string route, int most, bool repeats, long nowMs)
    {
        foreach (var orphan in table.Running(route).Where(r => !table.IsHeld(r)))
        {
            var state = RequestDecide.Orphaned(repeats);
            const string Why = "the gateway ended while the service was asked";
            table.Put(
                orphan with { State = state, Holder = null, Why = Why, DueMs = nowMs, EndsMs = state == RequestState.Unknown ? nowMs + orphan.KeepMs : long.MaxValue }, orphan);
        }

        var taken = new List<TakenRequest>();
        foreach (var row in table.Due(route, nowMs, most))
        {
            var running = row with { State = RequestState.Running, Holder = own, Attempt = row.Attempt + 1 };
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
        var state = RequestDecide.After(wish, row.State, row.IsAccepted, table.IsHeld(row), out var isPossible);
        if (!isPossible)
            return new(ChangeVerdict.NotNow, row.Show());
        if (state is not { } next)
        {
            table.Delete(row);
            return new(ChangeVerdict.Done);
        }

                var changed = row with { State = next, Why = null, DueMs = nowMs, EndsMs = next == RequestState.Waiting ? long.MaxValue : nowMs + row.KeepMs };
        table.Put(changed, row);
        return new(ChangeVerdict.Done, changed.Show());
    }
}
