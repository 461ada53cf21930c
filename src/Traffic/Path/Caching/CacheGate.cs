namespace Mainstay.Traffic.Path;

/// <summary>Answers from what is kept, and sees to it that responses are. It stands before the breaker: what is fresh needs no service.</summary>
/// <param name="zone">The target's own; null where it keeps nothing, and only changes what others keep.</param>
/// <param name="siblings">Every zone that keeps responses of the same service.</param>
internal sealed class CacheGate(CacheZone? zone, List<CacheZone> siblings) : Gate("cache")
{
    public override Verdict Enter(Exchange x, int slot) => (x.Visit ??= new CacheVisit()).Enter(x, zone, siblings);

    public override ValueTask<Verdict> WaitAsync(Exchange x, int slot) => x.Visit!.WaitAsync(x);

    public override void Leave(Exchange x, int slot) => x.Visit!.Leave(x);

    public override Opinion Peek(Exchange x)
    {
        if (zone is null) return new(Verdict.Pass, x.Request.IsSafe ? "nothing is kept on this way" : "what other ways keep of this address is forgotten when it succeeds");
        if (!x.Request.IsHead && !x.Request.Method.Of(x.HeadBytes).SequenceEqual("GET"u8))
        {
            return new(Verdict.Pass, x.Request.IsSafe ? "not a method whose responses are kept" : "what is kept of this address is forgotten when it succeeds");
        }
        var opinion = new CacheVisit().Peek(x, zone);
        return opinion.Verdict == Verdict.Answer ? opinion with { Status = 200 } : opinion;
    }
}
