using System.Buffers.Text;
using System.Globalization;
using System.Text;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Traffic.Policies;

namespace Mainstay.Traffic.Path;

/// <summary>A limit of a rate: fixed window, sliding window or token bucket, per key or for all.</summary>
internal sealed class RateGate<TRule, TCell> : LimitGate
    where TRule : struct, IRateRule<TCell>
    where TCell : struct
{
    private readonly RateWatch<TRule, TCell> watch;
    private readonly LimitKeyReader key;
    private readonly byte[] policy;
    private readonly byte[] begin;

    public RateGate(string name, RateWatch<TRule, TCell> watch, TargetPlace place)
        : base(name, watch, place, watch.Heavy)
    {
        this.watch = watch;
        key = new LimitKeyReader(watch.Spec.Per, place);
        var rate = watch.Spec.Rate!.Value;
        policy = Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"RateLimit-Policy: \"{name}\";q={watch.Most};w={Math.Max(1, (long)Math.Ceiling(rate.Per.TotalSeconds * watch.Most / rate.Count))}\r\n"));
        begin = Encoding.ASCII.GetBytes($"RateLimit: \"{name}\";r=");
    }

    public override Verdict Enter(Exchange x, int slot)
    {
        var mode = Mode(x);
        if (mode == LimitSwitch.Off) return Verdict.Pass;
        var clock = x.Connection.Gateway.Clock;
        var taken = watch.Table.Take(key.Of(x), clock.MicrosOf(x.StartedAt) * 1000, Keep(x, watch.Most), out var standing);
        if (mode == LimitSwitch.On) Tell(x, standing);
        if (taken)
        {
            watch.CountAdmitted();
            return Verdict.Pass;
        }
        if (mode == LimitSwitch.On) x.Added.Add("Retry-After"u8, Math.Max(1, Seconds(standing.RetryNs)));
        return Refuse(x, mode, Reason.RateLimited);
    }

    public override Opinion Peek(Exchange x)
    {
        var mode = Mode(x);
        if (mode == LimitSwitch.Off) return Off;
        var standing = watch.Table.Look(key.Of(x), x.Connection.Gateway.Clock.Micros * 1000, Keep(x, watch.Most, counts: false));
        var per = watch.Spec.Per is { } who ? $" for this {who}" : "";
        return Say(mode, standing.RetryNs == 0, standing.RetryNs == 0
            ? string.Create(CultureInfo.InvariantCulture, $"{standing.Remaining} of {watch.Most} left{per} ({watch.Spec.Rate})")
            : string.Create(CultureInfo.InvariantCulture, $"none of {watch.Most} left{per} ({watch.Spec.Rate}); the next in {Durations.Format(TimeSpan.FromMilliseconds(standing.RetryNs / 1_000_000 + 1))}"), Reason.RateLimited);
    }

    /// <summary>draft-ietf-httpapi-ratelimit-headers-10 §3 and §4.</summary>
    private void Tell(Exchange x, RateStanding standing)
    {
        Span<byte> line = stackalloc byte[begin.Length + 48];
        begin.CopyTo(line);
        var length = begin.Length;
        Utf8Formatter.TryFormat(standing.Remaining, line[length..], out var written);
        length += written;
        ";t="u8.CopyTo(line[length..]);
        length += 3;
        Utf8Formatter.TryFormat(Seconds(standing.ResetNs), line[length..], out written);
        length += written;
        "\r\n"u8.CopyTo(line[length..]);
        x.Added.AddLines(line[..(length + 2)]);
        x.Added.AddLines(policy);
    }

    private static long Seconds(long ns) => (ns + 999_999_999) / 1_000_000_000;
}

/// <summary>What a rate limit remembers.</summary>
internal sealed class RateWatch<TRule, TCell> : LimitWatch
    where TRule : struct, IRateRule<TCell>
    where TCell : struct
{
    /// <summary>Keys that a limit per route, caller or service can have: there are no more of those.</summary>
    private const int DefaultKeys = 65_536;

    private int beats;

    public RateWatch(string about, string name, LimitSpec spec, NoticeBoard? board, TRule rule, int most)
        : base(about, name, spec, board)
    {
        Most = most;
        Table = new KeyTable<TRule, TCell>(rule, spec.Per is null ? 1 : spec.Keys ?? DefaultKeys);
        Heavy = spec.Per is null ? new HeavyClients() : null;
    }

    public KeyTable<TRule, TCell> Table { get; }

    public HeavyClients? Heavy { get; }

    /// <summary>Requests that pass at once after a pause.</summary>
    public int Most { get; }

    public override void Beat(long nowMs)
    {
        base.Beat(nowMs);
        if (++beats % 10 == 0) Heavy?.Turn();
    }

    protected override string Explain(long nowMs) => $"more than {Spec.Rate}{(Spec.Per is { } per ? $" per {per}" : "")}";

    protected override string Tell(long nowMs, Dictionary<string, double> numbers)
    {
        numbers["limit"] = Most;
        if (Spec.Per is null)
        {
            numbers["remaining"] = Table.Look(1, nowMs * 1_000_000, 0).Remaining;
            return "";
        }
        numbers["keys"] = Table.Count;
        numbers["displacedKeys"] = Table.Displaced;
        return "";
    }
}
