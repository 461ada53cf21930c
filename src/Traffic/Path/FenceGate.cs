using System.Text;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.State;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Traffic.Policies;

namespace Mainstay.Traffic.Path;

/// <summary>What a gateway knows of the grants of locks. It is kept as long as the process lives, whatever tables come.</summary>
internal sealed class FenceBook
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, FenceMemory> memories = [];

    /// <summary>What is known of one lock.</summary>
    public FenceMemory Of(string name)
    {
        lock (gate) return memories.TryGetValue(name, out var known) ? known : memories[name] = new FenceMemory();
    }

    /// <summary>Takes in what the server tells.</summary>
    public void Learn(IReadOnlyList<FenceModel> fences)
    {
        foreach (var fence in fences) Of(fence.Lock).Learn(fence.Last, fence.Live);
    }
}

/// <summary>Lets writes pass that come from a lock's holder.</summary>
internal sealed class FenceGate : Gate, IReporting
{
    private readonly string about;
    private readonly FenceSpec spec;
    private readonly byte[][] methods;
    private readonly byte[] name;
    private readonly byte[] key;
    private readonly FenceMemory memory;
    private long stale;
    private long unproven;

    private FenceGate(string about, FenceSpec spec, byte[] key, FenceMemory memory)
        : base("fence")
    {
        (this.about, this.spec, this.key, this.memory) = (about, spec, key, memory);
        methods = [.. spec.Methods.Select(Encoding.ASCII.GetBytes)];
        name = Encoding.UTF8.GetBytes(spec.Lock);
    }

    public static IEnumerable<Gate> Compile(TargetPlace place)
    {
        if (place.Terms.Fence is not { } spec) yield break;
        // Without a key nothing proves anything: then nothing passes that needs a proof.
        var key = Convert.FromBase64String(place.Model.FenceKey ?? "");
        yield return place.Policies.Of($"{place.About}/fence", $"{place.Model.FenceKey} {Encoding.UTF8.GetString(Codec.Encode(spec))}", () => new FenceGate(place.About, spec, key, place.Policies.Gateway?.Fences.Of(spec.Lock) ?? new FenceMemory()));
    }

    public override Verdict Enter(Exchange x, int slot)
    {
        if (!Needs(x)) return Verdict.Pass;
        switch (Read(x, out var number, out var isExclusive))
        {
            case Shown.Nothing when !spec.Required:
                return Verdict.Pass;
            case Shown.Token:
                if (memory.Pass(number, isExclusive)) return Verdict.Pass;
                Interlocked.Increment(ref stale);
                x.Reason = Reason.StaleToken;
                return Verdict.Refuse;
            default:
                Interlocked.Increment(ref unproven);
                x.Reason = Reason.TokenRequired;
                return Verdict.Refuse;
        }
    }

    public override Opinion Peek(Exchange x)
    {
        if (!Needs(x)) return new(Verdict.Pass, "the method needs no token");
        return Read(x, out var number, out var isExclusive) switch
        {
            Shown.Nothing => new(spec.Required ? Verdict.Refuse : Verdict.Pass, $"no token of the lock '{spec.Lock}' is shown", spec.Required ? Reason.TokenRequired : Reason.None),
            Shown.Token when memory.IsStale(number, isExclusive) => Opinion.Refused(Reason.StaleToken, $"grant {number} of the lock '{spec.Lock}' is over"),
            Shown.Token => new(Verdict.Pass, $"grant {number} of the lock '{spec.Lock}' is not known to be over"),
            _ => Opinion.Refused(Reason.TokenRequired, $"what is shown is no token of the lock '{spec.Lock}'"),
        };
    }

    public PolicyReport? Report(long nowMs) =>
        new(about, Name, "fence", "ok", "", new Dictionary<string, double> { ["last"] = memory.Last, ["stale"] = Volatile.Read(ref stale), ["unproven"] = Volatile.Read(ref unproven) });

    private bool Needs(Exchange x)
    {
        var method = x.Request.Method.Of(x.HeadBytes);
        foreach (var one in methods)
        {
            if (method.SequenceEqual(one)) return true;
        }
        return false;
    }

    private Shown Read(Exchange x, out long number, out bool isExclusive)
    {
        (number, isExclusive) = (0, false);
        var head = x.HeadBytes;
        var at = 0;
        if (!x.Request.Next(head, ref at, "fencing-token"u8, out var token)) return Shown.Nothing;
        // Of two, a service may see the other one.
        if (x.Request.Next(head, ref at, "fencing-token"u8, out _)) return Shown.Forged;
        return key.Length > 0 && FencingToken.TryRead(key, name, token.Of(head), out number, out isExclusive) ? Shown.Token : Shown.Forged;
    }

    private enum Shown
    {
        Nothing,
        Forged,
        Token,
    }
}
