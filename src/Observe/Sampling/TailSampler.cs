using Mainstay.Observe.Ingest.Model;
using Mainstay.Observe.Store.Blocks;

namespace Mainstay.Observe.Sampling;

/// <summary>
/// Chooses traces as a whole, some time after their first span: those with an error, a slow span or a rare operation, and of the others a fair share for each operation,
/// within a budget. The same spans at the same times give the same choice. The numbers were counted before and are not touched. Not safe for several callers.
/// </summary>
public sealed class TailSampler(SamplingOptions options)
{
    const long Window = 10_000;
    const long Remembered = 60_000;

    readonly OperationProfiles profiles = new();
    readonly Dictionary<TraceId, Waiting> waiting = [];
    readonly Queue<(TraceId Trace, long Due)> order = new();
    readonly double burst = options.SpansPerSecond * Window / 1000;
    Dictionary<TraceId, bool> decided = [];
    Dictionary<TraceId, bool> decidedBefore = [];
    Dictionary<int, long> demand = [];
    Dictionary<int, double> shares = [];
    long notableSpans;
    long windowEnd = long.MinValue;
    long rememberedSince;
    long filledAt = long.MinValue;
    double notableTokens;
    double fairTokens;
    SamplingFigures figures;

    /// <summary>What was decided so far.</summary>
    public SamplingFigures Figures => figures with { Waiting = waiting.Count };

    /// <summary>A span came.</summary>
    /// <param name="span">What is asked of it.</param>
    /// <param name="service">UTF-8.</param>
    /// <param name="name">UTF-8.</param>
    /// <param name="now">Milliseconds of the owner's clock, which does not go back.</param>
    public void Seen(in SampledSpan span, ReadOnlySpan<byte> service, ReadOnlySpan<byte> name, long now)
    {
        var operation = -1;
        var (slow, rare) = (false, false);
        if (span.Kind != SpanKind.Internal || span.IsRoot)
        {
            operation = profiles.Of(service, name, span.Kind);
            (slow, rare) = operation < 0 ? (false, false) : profiles.Take(operation, span.Duration, now);
        }

        if (IsKept(span.Trace) is { } kept)
        {
            figures = figures with { Late = figures.Late + 1, KeptSpans = figures.KeptSpans + (kept ? 1 : 0), DroppedSpans = figures.DroppedSpans + (kept ? 0 : 1) };
            return;
        }

        ref var trace = ref System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(waiting, span.Trace, out var known);
        if (!known)
        {
            trace = new() { Operation = operation };
            order.Enqueue((span.Trace, now + (long)options.Wait.TotalMilliseconds));
        }

        trace.Spans++;
        trace.Error |= span.IsError;
        trace.Slow |= slow;
        trace.Rare |= rare;
        trace.Operation = operation >= 0 && (span.IsRoot || trace.Operation < 0) ? operation : trace.Operation;
        if (waiting.Count > options.MostWaiting)
        {
            figures = figures with { Hurried = figures.Hurried + 1 };
            Fill(now);
            Settle(order.Dequeue().Trace);
        }
    }

    /// <summary>Decides all traces whose time has come.</summary>
    public void Advance(long now)
    {
        Fill(now);
        while (order.TryPeek(out var next) && next.Due <= now)
        {
            Settle(order.Dequeue().Trace);
        }
    }

    /// <summary>Whether a trace is kept; null where that is not decided, or was forgotten.</summary>
    public bool? IsKept(TraceId trace) => decided.TryGetValue(trace, out var kept) || decidedBefore.TryGetValue(trace, out kept) ? kept : null;

    /// <summary>Decides a trace now. One that is not known is kept.</summary>
    public bool Decide(TraceId trace)
    {
        if (IsKept(trace) is { } kept)
        {
            return kept;
        }

        if (waiting.ContainsKey(trace))
        {
            figures = figures with { Hurried = figures.Hurried + 1 };
            Settle(trace);
            return decided[trace];
        }

        return true;
    }

    void Settle(TraceId id)
    {
        if (!waiting.Remove(id, out var trace))
        {
            return;
        }

        var reason = Judge(id, trace);
        var isKept = reason is not (SampleReason.Dropped or SampleReason.OverBudget);
        decided[id] = isKept;
        figures = (reason switch
        {
            SampleReason.Error => figures with { Errors = figures.Errors + 1 },
            SampleReason.Slow => figures with { Slow = figures.Slow + 1 },
            SampleReason.Rare => figures with { Rare = figures.Rare + 1 },
            SampleReason.Fair => figures with { Fair = figures.Fair + 1 },
            SampleReason.Dropped => figures with { Dropped = figures.Dropped + 1 },
            _ => figures with { OverBudget = figures.OverBudget + 1 },
        }) with
        {
            KeptSpans = figures.KeptSpans + (isKept ? trace.Spans : 0), DroppedSpans = figures.DroppedSpans + (isKept ? 0 : trace.Spans),
        };
    }

    SampleReason Judge(TraceId id, in Waiting trace)
    {
        if (trace.Error || trace.Slow || trace.Rare)
        {
            notableSpans += trace.Spans;
            return !Spend(ref notableTokens, trace.Spans) ? SampleReason.OverBudget
                : trace.Error ? SampleReason.Error : trace.Slow ? SampleReason.Slow : SampleReason.Rare;
        }

        demand[trace.Operation] = demand.GetValueOrDefault(trace.Operation) + trace.Spans;

        // By the id, so that whoever else decides by it decides alike.
        var draw = (Checksum.Mix(id.Low ^ Checksum.Mix(id.High)) >> 11) * (1.0 / (1UL << 53));
        return draw >= shares.GetValueOrDefault(trace.Operation, 1) ? SampleReason.Dropped
            : Spend(ref fairTokens, trace.Spans) ? SampleReason.Fair : SampleReason.OverBudget;
    }

    // A trace may be larger than what is there, else large ones were never kept; it is paid back before the next.
    static bool Spend(ref double tokens, int spans)
    {
        if (tokens <= 0)
        {
            return false;
        }

        tokens -= spans;
        return true;
    }

    void Fill(long now)
    {
        if (filledAt == long.MinValue)
        {
            (filledAt, windowEnd, rememberedSince) = (now, now + Window, now);
            (notableTokens, fairTokens) = (burst * options.NotableShare, burst * (1 - options.NotableShare));
        }

        var more = (now - filledAt) * options.SpansPerSecond / 1000;
        filledAt = now;
        notableTokens += more * options.NotableShare;
        fairTokens += more * (1 - options.NotableShare);
        // What the one side has over is the other's.
        var notableMost = burst * options.NotableShare;
        fairTokens += Math.Max(0, notableTokens - notableMost);
        notableTokens = Math.Min(notableTokens, notableMost);
        notableTokens = Math.Min(notableMost, notableTokens + Math.Max(0, fairTokens - burst));
        fairTokens = Math.Min(fairTokens, burst);
        if (now >= windowEnd)
        {
            // What the last window wanted is what the next is expected to want.
            shares = FairShares.Of(demand, burst - Math.Min(notableSpans, notableMost));
            (demand, notableSpans, windowEnd) = ([], 0, now + Window);
        }

        if (now - rememberedSince >= Remembered || decided.Count > options.MostDecided / 2)
        {
            (decidedBefore, decided, rememberedSince) = (decided, [], now);
        }
    }

    struct Waiting
    {
        public int Spans;
        public int Operation;
        public bool Error;
        public bool Slow;
        public bool Rare;
    }
}

/// <summary>What is asked of a span.</summary>
/// <param name="Duration">In nanoseconds.</param>
/// <param name="IsRoot">It has no parent.</param>
public readonly record struct SampledSpan(TraceId Trace, SpanKind Kind, long Duration, bool IsError, bool IsRoot);
