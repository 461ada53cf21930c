using System.Runtime.InteropServices;
using System.Text;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Traffic.Policies;

namespace Mainstay.Traffic.Path;

/// <summary>Chooses which version or service a request goes to. The chosen target shares terms and gates with the one that matched; only its endpoints differ.</summary>
internal sealed class SplitGate : Gate
{
    private readonly SplitSpec spec;
    private readonly SplitChoice choice;
    private readonly Conditions?[] conditions;
    private readonly IpRanges?[] clients;
    private readonly byte[] keyName;
    private readonly char keyKind;
    private readonly bool ofCaller;
    private RouteTarget[] targets = [];

    // The same for requests that may go to the other side where nobody can be reached on their own.
    private RouteTarget[] drawn = [];

    /// <param name="name">See <see cref="SplitChoice"/>.</param>
    /// <param name="spec">As declared.</param>
    /// <param name="ofCaller">The caller belongs to one of a release's two sides.</param>
    public SplitGate(string name, SplitSpec spec, bool ofCaller = false)
        : base("split")
    {
        this.spec = spec;
        this.ofCaller = ofCaller;
        choice = new SplitChoice(name, spec.Parts);
        conditions = [.. spec.Parts.Select(part => Conditions.Of(part.When?.Headers, part.When?.Query, part.When?.Cookies))];
        clients = [.. spec.Parts.Select(part => part.When?.Clients is { Count: > 0 } ranges ? new IpRanges(ranges) : null)];
        keyKind = spec.By?[0] ?? '-';
        keyName = Encoding.ASCII.GetBytes(spec.By?.Split(':', 2) is [_, var key] ? key : "");
    }

    /// <summary>Compiles the target of each part. A part without endpoints is the whole service, and a service without any is the one that matched.</summary>
    /// <param name="own">What matched.</param>
    /// <param name="clusterOf">A service's endpoints.</param>
    /// <param name="with">A target like <paramref name="own"/> with other endpoints.</param>
    public void Complete(RouteTarget own, Func<string, Cluster> clusterOf, Func<RouteTarget, Cluster, RouteTarget> with)
    {
        RouteTarget Of(SplitPart part)
        {
            var whole = part.To is { } to ? clusterOf(to) : own.Cluster;
            if (whole.Endpoints.Length == 0) return own;
            var some = part.Side is { } side ? whole.Endpoints.Where(one => side.Instances.Contains(one.Instance)).ToArray()
                : part.Version is { } text && VersionRange.TryParse(text, out var range)
                ? whole.Endpoints.Where(one => SemanticVersion.TryParse(one.Version ?? "", out var version) && range.Contains(version)).ToArray()
                : whole.Endpoints;
            if (some.Length > 0 && some.Length < whole.Endpoints.Length) whole = whole.Of(some);
            if (ReferenceEquals(whole, own.Cluster)) return own;
            var target = with(own, whole);
            target.PartKey = Encoding.UTF8.GetBytes(part.Key);
            return target;
        }

        targets = [.. spec.Parts.Select(Of)];
        drawn = targets;
        if (spec.Parts is not [{ Side: not null, Portion: var newWeight }, { Side: not null }] || targets.Contains(own)) return;
        drawn = [.. spec.Parts.Select(Of)];
        for (var side = 0; side < 2; side++)
        {
            if (SideChange.May(side == 0, newWeight, ofCaller ? SideBy.Caller : SideBy.Share)) drawn[side].Across = targets[1 - side];
        }
    }

    /// <summary>What tells the parts apart for what is kept of them.</summary>
    public byte[][] PartKeys => [.. targets.Select(target => target.PartKey)];

    public override Verdict Enter(Exchange x, int slot)
    {
        var part = Choose(x, ref x.Dice, out var isAsked);
        if (part >= 0) x.Target = (isAsked ? targets : drawn)[part];
        return Verdict.Pass;
    }

    public override Opinion Peek(Exchange x)
    {
        // The dice are copied: looking costs nobody his turn.
        var dice = x.Dice;
        var part = Choose(x, ref dice, out var isAsked);
        // What comes behind has to be asked about the endpoints that are left.
        if (part >= 0) x.Target = (isAsked ? targets : drawn)[part];
        return part < 0 ? new(Verdict.Pass, "no part takes it: the whole service does")
            : new(Verdict.Pass, $"part {part + 1} of {targets.Length}: {(spec.Parts[part].Key is { Length: > 0 } key ? key : "all versions")}, {targets[part].Cluster.Endpoints.Length} endpoints of {targets[part].Cluster.Service}");
    }

    /// <summary>The part, and whether the request asks for it by a condition.</summary>
    private int Choose(Exchange x, ref Dice dice, out bool isAsked)
    {
        isAsked = true;
        for (var index = 0; index < conditions.Length; index++)
        {
            if (conditions[index] is null && clients[index] is null) continue;
            if (clients[index]?.Contains(x.ClientAddress) == false) continue;
            if (conditions[index]?.Hold(new Ask(x.Request, x.HeadBytes, default)) == false) continue;
            return index;
        }
        isAsked = false;
        return choice.Of(keyKind == '-' ? dice.Next() : UserOf(x));
    }

    private ulong UserOf(Exchange x)
    {
        var head = x.HeadBytes;
        var at = 0;
        if (keyKind == 'h' && x.Request.Next(head, ref at, keyName, out var header) && !header.IsEmpty) return SplitChoice.HashOf(header.Of(head));
        while (keyKind == 'c' && keyName.Length > 0 && x.Request.Next(head, ref at, "cookie"u8, out var line))
        {
            var pairs = new Pairs(line.Of(head), (byte)';');
            while (pairs.MoveNext())
            {
                if (pairs.Name.SequenceEqual(keyName) && !pairs.Value.IsEmpty) return SplitChoice.HashOf(pairs.Value);
            }
        }
        var client = x.ClientAddress;
        return SplitChoice.HashOf(MemoryMarshal.AsBytes(new ReadOnlySpan<UInt128>(in client)));
    }
}
