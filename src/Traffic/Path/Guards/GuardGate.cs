using System.Text;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Traffic.Policies;

namespace Mainstay.Traffic.Path.Guards;

/// <summary>
/// Who may pass: by address, by proof, by scope, in this order. What it proves stands in <see cref="Exchange.Identity"/> for the gates behind it,
/// and goes to the service in declared headers alone, which nobody else can set.
/// </summary>
internal sealed class GuardGate : Gate, IReporting
{
    private readonly string about;
    private readonly GuardSpec spec;
    private readonly Way[] ways;
    private readonly IpRanges allow;
    private readonly IpRanges deny;
    private readonly string[] scopes;
    private readonly byte[][] removed;
    private readonly (string Claim, byte[] Header)[] claims;
    private readonly byte[]? subjectHeader;
    private long refused;

    public GuardGate(string about, GuardSpec spec, Way[] ways, byte[][] identityHeaders) : base("guard")
    {
        this.about = about;
        this.spec = spec;
        this.ways = ways;
        allow = new IpRanges(spec.Allow);
        deny = new IpRanges(spec.Deny);
        scopes = [.. spec.Scopes];
        claims = [.. (spec.Jwt?.ClaimsToHeaders ?? new Dictionary<string, string>()).Select(claim => (claim.Key, Encoding.ASCII.GetBytes(claim.Value)))];
        subjectHeader = spec.SubjectHeader is null ? null : Encoding.ASCII.GetBytes(spec.SubjectHeader);
        removed = [.. identityHeaders, .. spec.Strip ? ways.SelectMany(way => way.Headers).Distinct().Select(Encoding.ASCII.GetBytes) : []];
    }

    public override Verdict Enter(Exchange x, int slot)
    {
        if (!Admits(x.ClientAddress)) return Refuse(x, Reason.IpDenied);
        return ways.Length == 0 ? Passed(x) : Go(x, slot, 0, Proof.Nothing);
    }

    public override async ValueTask<Verdict> WaitAsync(Exchange x, int slot)
    {
        var verdict = Verdict.Wait;
        while (verdict == Verdict.Wait)
        {
            var index = (int)x.Slots[slot] & 0xFF;
            var worst = new Proof((Shown)(x.Slots[slot] >> 8), null, "", default);
            x.Reason = Reason.None;
            var proof = await ways[index].ProveAsync(x);
            if (x.Reason != Reason.None) return Refuse(x, x.Reason);
            verdict = Take(x, proof, ref worst) ?? Go(x, slot, index + 1, worst);
        }
        return verdict;
    }

    public override Opinion Peek(Exchange x)
    {
        if (!Admits(x.ClientAddress)) return Opinion.Refused(Reason.IpDenied, $"{IpText.ToAddress(x.ClientAddress)} is not among the addresses that may come");
        if (ways.Length == 0) return new(Verdict.Pass, $"{IpText.ToAddress(x.ClientAddress)} may come");
        var said = new StringBuilder();
        Identity? found = null;
        var worst = Proof.Nothing;
        foreach (var way in ways)
        {
            var proof = way.Peek(x);
            said.Append(said.Length > 0 ? "; " : "").Append(way.Name).Append(": ").Append(proof.Shown switch
            {
                Shown.Good => proof.Identity!.ToString(),
                Shown.Nothing => "nothing is shown",
                _ => proof.Why,
            });
            if (proof.Shown == Shown.Good) found = found is null ? proof.Identity : found.With(proof.Identity!);
            else if (worst.Shown < proof.Shown) worst = proof;
            if (proof.Shown != Shown.Good && spec.Mode == GuardMode.All) return Opinion.Refused(ReasonOf(proof), said.ToString());
            if (found is not null && spec.Mode == GuardMode.Any) break;
        }
        if (found is null) return Opinion.Refused(ReasonOf(worst), said.ToString());
        return found.Has(scopes) ? new(Verdict.Pass, said.ToString()) : Opinion.Refused(Reason.Forbidden, $"{said}; not granted: {string.Join(' ', scopes.Except(found.Scopes))}");
    }

    public PolicyReport? Report(long nowMs)
    {
        var problem = ways.Select(way => way.Problem).FirstOrDefault(one => one is not null);
        return new PolicyReport(about, Name, "guard", problem is null ? "ok" : "failing", problem ?? "", new Dictionary<string, double> { ["refused"] = Volatile.Read(ref refused) });
    }

    private bool Admits(UInt128 client) => !deny.Contains(client) && (allow.IsEmpty || allow.Contains(client));

    private Verdict Go(Exchange x, int slot, int from, Proof worst)
    {
        for (var index = from; index < ways.Length; index++)
        {
            if (!ways[index].TryProve(x, out var proof))
            {
                x.Slots[slot] = index + ((long)worst.Shown << 8);
                return Verdict.Wait;
            }
            if (Take(x, proof, ref worst) is { } verdict) return verdict;
        }
        return spec.Mode == GuardMode.All ? Passed(x) : Refuse(x, worst);
    }

    /// <summary>What one proof decides; null to go on with the next way.</summary>
    private Verdict? Take(Exchange x, in Proof proof, ref Proof worst)
    {
        if (proof.Shown == Shown.Good)
        {
            x.Identity = x.Identity is null ? proof.Identity : x.Identity.With(proof.Identity!);
            return spec.Mode == GuardMode.Any ? Passed(x) : null;
        }
        if (spec.Mode == GuardMode.All) return Refuse(x, proof);
        // What was shown and did not hold says more than what was not shown.
        if (proof.Shown > worst.Shown) worst = proof;
        return null;
    }

    private Verdict Passed(Exchange x)
    {
        if (x.Identity is { } identity)
        {
            if (!identity.Has(scopes))
            {
                if (spec.Jwt is not null) x.Added.Add("WWW-Authenticate"u8, Encoding.ASCII.GetBytes($"Bearer realm=\"{spec.Realm}\", error=\"insufficient_scope\", scope=\"{string.Join(' ', scopes)}\""));
                return Refuse(x, Reason.Forbidden);
            }
            if (subjectHeader is not null) Tell(x, subjectHeader, identity.Subject);
            foreach (var (claim, header) in claims) Tell(x, header, identity.Claim(claim));
        }
        if (removed.Length > 0) x.Request.CutNamed(x.HeadBytes, removed);
        return Verdict.Pass;
    }

    /// <summary>A claim may hold anything; what cannot stand in a header is not told.</summary>
    private static void Tell(Exchange x, byte[] header, ReadOnlySpan<byte> value)
    {
        if (!value.IsEmpty && MessageHead.IsValue(value)) x.Onward.Add(header, value);
    }

    private Verdict Refuse(Exchange x, in Proof worst)
    {
        if (worst.Shown is not (Shown.Forbidden or Shown.Unavailable))
        {
            foreach (var way in ways) x.Added.Add("WWW-Authenticate"u8, Encoding.ASCII.GetBytes(way.Challenge(spec.Realm, worst.Shown, worst.Why)));
            x.ShowedNothing = worst.Shown == Shown.Nothing;
        }
        return Refuse(x, ReasonOf(worst));
    }

    private static Reason ReasonOf(in Proof worst) => worst.Shown switch
    {
        Shown.Forbidden => Reason.Forbidden,
        Shown.Unavailable => worst.Why == BasicWay.Busy ? Reason.AuthenticationBusy : Reason.KeysUnavailable,
        Shown.Expired => Reason.TokenExpired,
        _ => Reason.Unauthenticated,
    };

    private Verdict Refuse(Exchange x, Reason reason)
    {
        Interlocked.Increment(ref refused);
        x.Identity = null;
        x.Reason = reason;
        return Verdict.Refuse;
    }
}
