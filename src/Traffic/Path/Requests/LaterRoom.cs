using System.Globalization;
using System.Text;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Core.Requests;
using Mainstay.Traffic.Policies;

namespace Mainstay.Traffic.Path.Requests;

/// <summary>Has what a route accepted done, so many at a time, in the order of coming. It lives beyond tables; what it does not finish goes on in the next process.</summary>
internal sealed class LaterRoom(string about, string route, AsyncSpec spec, bool repeats, Gateway? gateway) : IBeating, IReporting, IFailing
{
    // Retries that are due, and what another gateway left behind, are looked for so often.
    private const long LookMs = 1000;
    private readonly Lock gate = new();
    private volatile Aim? aim;
    private bool isLooking;
    private bool isWanted = true;
    private long lookedAtMs;
    private int running;
    private long answered;
    private long again;
    private long unknown;
    private long failed;

    private sealed record Aim(string Listener, RouteTarget Target, int FirstGate);

    public string? Problem => gateway?.Requests.Problem is { } why ? $"{about}: nothing can be accepted for later, its requests get 503: {why}" : null;

    /// <summary>Where the accepted requests of a target's routes go from now on.</summary>
    public static void Point(RouteTarget target, string listener)
    {
        for (var index = 0; index < target.Gates.Length; index++)
        {
            if (target.Gates[index] is LaterGate later) later.Room.aim = new Aim(listener, target, index + 1);
        }
    }

    public PolicyReport? Report(long nowMs) => new(about, "async", "async", Problem is null ? "ok" : "failing", Problem ?? "", new Dictionary<string, double>
    {
        ["running"] = Volatile.Read(ref running),
        ["answered"] = Volatile.Read(ref answered),
        ["again"] = Volatile.Read(ref again),
        ["unknown"] = Volatile.Read(ref unknown),
        ["failed"] = Volatile.Read(ref failed),
    });

    public void Beat(long nowMs)
    {
        if (isWanted || nowMs - Volatile.Read(ref lookedAtMs) >= LookMs) Look();
    }

    /// <summary>Something was accepted.</summary>
    public void Wake()
    {
        isWanted = true;
        Look();
    }

    private void Look()
    {
        // Workers come for these themselves.
        if (spec.Pull is not null) return;
        if (aim is not { } at || gateway is not { IsDraining: false }) return;
        lock (gate)
        {
            if (isLooking || running >= spec.Parallel) return;
            (isLooking, isWanted) = (true, false);
        }
        gateway.Hold();
        _ = Task.Run(() => TakeAsync(at));
    }

    private async Task TakeAsync(Aim at)
    {
        try
        {
            if (gateway!.Find(at.Listener) is not { } listener || await gateway.Requests.GetAsync() is not { } ledger) return;
            var most = spec.Parallel - Volatile.Read(ref running);
            var taken = await ledger.TakeAsync(route, most, repeats);
            if (taken.Count == most) isWanted = true;
            foreach (var one in taken)
            {
                Interlocked.Increment(ref running);
                gateway.Hold();
                _ = DoAsync(listener, at, ledger, one);
            }
        }
        catch (Exception error)
        {
            gateway!.Note(error);
        }
        finally
        {
            Volatile.Write(ref lookedAtMs, gateway!.Clock.CoarseMs);
            lock (gate) isLooking = false;
            gateway.Release();
        }
    }

    private async Task DoAsync(Listener listener, Aim at, IRequestLedger ledger, TakenRequest request)
    {
        try
        {
            var errand = new Errand(at.FirstGate, null, isOurs: true);
            var seed = gateway!.NextSeed();
            var wire = new PartWire(null, Addressed(request), Errand.MostAnswer + gateway.Limits.HeadBytes, (int)(seed % (ulong)gateway.Transport.Lanes));
            await errand.RunAsync(gateway, listener, at.Target, wire, seed, repeats);
            var end = EndOf(request, errand, gateway.Time.GetUtcNow() - request.At);
            Count(end.How);
            await ledger.EndAsync(end);
            if (end.How == RequestEnding.Unknown) gateway.Notices.Add(about, "RequestParked", $"nobody knows whether the accepted request {request.Id} was done: {end.Why}; look, then 'mainstay request retry {request.Id}' or 'forget'");
            if (end.How == RequestEnding.Failed) gateway.Notices.Add(about, "RequestFailed", $"the accepted request {request.Id} was given up: {end.Why}");
        }
        catch (Exception error)
        {
            gateway!.Note(error);
        }
        finally
        {
            Interlocked.Decrement(ref running);
            gateway!.Release();
            if (isWanted) Look();
        }
    }

    private RequestEnd EndOf(TakenRequest request, Errand errand, TimeSpan age)
    {
        // What the gateway says in the service's place is no answer of the service's.
        var said = errand is { Reason: Reason.None, WasSent: true } ? errand.Answer : null;
        var why = said is not null ? $"the service answered {said.Status}" : errand.Reason == Reason.None ? $"the gateway answered {errand.Answer?.Status}" : Path.Problem.DetailOf(errand.Reason);
        var (how, after) = RequestRules.Later(errand.Outcome, said is not null, request.Attempt, age, spec, repeats);
        if (how == RequestEnding.Again && errand.Answer is { } asks) after = RequestRules.AsAsked(after, asks.Lines.Span);
        return new RequestEnd(request.Id, request.Attempt, how)
        {
            After = after,
            Why = how == RequestEnding.Answered ? null : why,
            Answer = how != RequestEnding.Answered || said is not { } answer ? null
                : answer.IsWhole && answer.Body.Length <= spec.MaxAnswer.Bytes ? answer : answer with { Body = default, IsWhole = false },
        };
    }

    private void Count(RequestEnding how)
    {
        switch (how)
        {
            case RequestEnding.Answered: Interlocked.Increment(ref answered); break;
            case RequestEnding.Again: Interlocked.Increment(ref again); break;
            case RequestEnding.Unknown: Interlocked.Increment(ref unknown); break;
            default: Interlocked.Increment(ref failed); break;
        }
    }

    /// <summary>The request with what is known only now: which attempt it is, and a key where its client had none, the same at each attempt.</summary>
    private static byte[] Addressed(TakenRequest request)
    {
        var bytes = request.Request.Span;
        var start = bytes.IndexOf("\r\n"u8) + 2;
        var end = bytes.IndexOf("\r\n\r\n"u8) + 4;
        var lines = string.Create(CultureInfo.InvariantCulture, $"Mainstay-Attempt: {request.Attempt}\r\n");
        if (!HasKey(bytes[..end])) lines += $"Idempotency-Key: {request.Id}\r\n";
        return [.. bytes[..start], .. Encoding.ASCII.GetBytes(lines), .. bytes[start..]];
    }

    private static bool HasKey(ReadOnlySpan<byte> head)
    {
        foreach (var line in head.Split((byte)'\n'))
        {
            if (head[line].Length > 16 && Ascii.EqualsIgnoreCase(head[line][..16], "idempotency-key:"u8)) return true;
        }
        return false;
    }
}
