using System.Text;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Core.Requests;
using Mainstay.Traffic.Policies;

namespace Mainstay.Traffic.Path.Requests;

/// <summary>
/// Has requests with a key done once (draft-ietf-httpapi-idempotency-key-header): the key is on the disk before the service is asked, the answer before it is given, and whoever comes
/// again gets that.
/// </summary>
internal sealed class KeyGate : Gate, IAnswer, IReporting, IFailing
{
    private static readonly byte[] Header = "idempotency-key"u8.ToArray();
    private readonly string about;
    private readonly string route;
    private readonly IdempotencySpec spec;
    private readonly LedgerDoor? door;
    private readonly OwnerReader owner;
    private readonly byte[][] methods;
    private readonly bool repeats;
    private long begun;
    private long replayed;
    private long refused;
    private long unknown;

    private KeyGate(TargetPlace place, IdempotencySpec spec) : base("idempotency")
    {
        (about, route, this.spec, door) = (place.About, place.Route!.Name, spec, place.Policies.Gateway?.Requests);
        methods = [.. spec.Methods.Select(Encoding.ASCII.GetBytes)];
        owner = new OwnerReader(spec.Scope);
        repeats = spec.Unknown == UnknownOutcome.Repeat && place.Cluster.HonoursKeys;
    }

    public static Gate? Compile(TargetPlace place) => place.Route?.Spec.Idempotency is { } spec
        ? place.Policies.Of($"{place.About}/idempotency", new { spec, place.Cluster.HonoursKeys }, () => new KeyGate(place, spec))
        : null;

    /// <summary>The key of a request: empty where it is malformed or there are two; <paramref name="isThere"/> says whether there is any.</summary>
    public static ReadOnlySpan<byte> KeyOf(Exchange x, out bool isThere)
    {
        var head = x.HeadBytes;
        var at = 0;
        isThere = x.Request.Next(head, ref at, Header, out var value);
        return !isThere || x.Request.Next(head, ref at, Header, out _) ? default : RequestRules.Key(value.Of(head));
    }

    public override Verdict Enter(Exchange x, int slot)
    {
        if (!IsMeant(x)) return Verdict.Pass;
        var key = KeyOf(x, out var isThere);
        if (!isThere && !spec.Required) return Verdict.Pass;
        if (key.IsEmpty)
        {
            Interlocked.Increment(ref refused);
            x.Reason = isThere ? Reason.KeyInvalid : Reason.KeyRequired;
            return Verdict.Refuse;
        }
        x.Answer = this;
        return Verdict.Answer;
    }

    public override Opinion Peek(Exchange x)
    {
        if (!IsMeant(x)) return new(Verdict.Pass, "the method needs no key");
        var key = KeyOf(x, out var isThere);
        if (!isThere) return new(spec.Required ? Verdict.Refuse : Verdict.Pass, "no Idempotency-Key is shown", spec.Required ? Reason.KeyRequired : Reason.None);
        return key.IsEmpty ? Opinion.Refused(Reason.KeyInvalid, "what is shown is no Idempotency-Key") : new(Verdict.Pass, $"it is done unless the key '{Encoding.ASCII.GetString(key)}' was used by {owner.Of(x)[..8]} before; {(repeats ? "repeated" : "reported")} where its outcome is not known");
    }

    public PolicyReport? Report(long nowMs) => new(about, Name, "idempotency", Problem is null ? "ok" : "failing", Problem ?? "", new Dictionary<string, double>
    {
        ["begun"] = Volatile.Read(ref begun),
        ["replayed"] = Volatile.Read(ref replayed),
        ["refused"] = Volatile.Read(ref refused),
        ["unknown"] = Volatile.Read(ref unknown),
    });

    public string? Problem => door?.Problem is { } why ? $"{about}: keys cannot be kept, its requests get 503: {why}" : null;

    public async ValueTask<bool> SendAsync(Exchange x)
    {
        var firstGate = x.Entered;
        // 1. The whole request.
        x.Reason = await BodyIntake.ReceiveAsync(x, (int)spec.MaxBody.Bytes);
        if (x.Reason != Reason.None) return false;
        // 2. The key, on the disk before anything is done.
        if (door is null || await door.GetAsync() is not { } ledger) return Refuse(x, Reason.LedgerUnavailable);
        var (claim, request) = ClaimOf(x);
        var answer = await ledger.ClaimAsync(claim, CancellationToken.None);
        if (answer.Verdict == ClaimVerdict.Begun)
        {
            Interlocked.Increment(ref begun);
            return await DoAsync(x, ledger, answer, request, firstGate);
        }
        Interlocked.Increment(ref answer.Verdict == ClaimVerdict.Answered ? ref replayed : ref refused);
        return await TellAsync(x, answer);
    }

    /// <summary>Answers a request that is not begun with how its key stands.</summary>
    public static ValueTask<bool> TellAsync(Exchange x, ClaimAnswer answer)
    {
        if (answer is { Verdict: ClaimVerdict.Answered, Answer: { IsWhole: true } kept })
        {
            x.Added.Add("Idempotent-Replayed"u8, "true"u8);
            return Relay.SendOwnAsync(x, kept.Status, kept.Lines, kept.Body);
        }
        if (answer.Verdict is ClaimVerdict.Running or ClaimVerdict.Accepted or ClaimVerdict.Full) x.Added.Add("Retry-After"u8, "1"u8);
        x.Reason = answer.Verdict switch
        {
            ClaimVerdict.Answered => Reason.AnswerNotKept,
            ClaimVerdict.Running or ClaimVerdict.Accepted => Reason.KeyInProgress,
            ClaimVerdict.OtherRequest => Reason.KeyReused,
            ClaimVerdict.Unknown => Reason.OutcomeUnknown,
            ClaimVerdict.Full => Reason.BacklogFull,
            _ => Reason.LedgerUnavailable,
        };
        return new ValueTask<bool>(false);
    }

    /// <summary>Has it done, whether the client stays or not; the end is written down before it is told.</summary>
    private async ValueTask<bool> DoAsync(Exchange x, IRequestLedger ledger, ClaimAnswer claim, byte[] request, int firstGate)
    {
        var errand = new Errand(firstGate, x.Identity, isOurs: false);
        var wire = new PartWire(x.Client, request, Errand.MostAnswer + x.Connection.Gateway.Limits.HeadBytes);
        await errand.RunAsync(x.Connection.Gateway, x.Connection.Listener, x.Target!, wire, x.Dice.Next(), repeats);
        // It is recorded where it was done.
        x.IsRecorded = true;
        if (errand.Outcome == RequestOutcome.Unknown) Interlocked.Increment(ref unknown);
        await ledger.EndAsync(EndOf(claim, errand));
        if (errand.Answer is { IsWhole: true } answer) return await Relay.SendOwnAsync(x, answer.Status, answer.Lines, answer.Body);
        x.Reason = errand.Answer is not null ? Reason.AnswerTooLarge : Path.Problem.StatusOf(errand.Reason) != 0 ? errand.Reason : Reason.UpstreamClosed;
        return false;
    }

    private RequestEnd EndOf(ClaimAnswer claim, Errand errand)
    {
        var end = new RequestEnd(claim.Id, claim.Attempt, errand.Outcome switch
        {
            RequestOutcome.Answered => RequestEnding.Answered,
            RequestOutcome.Unknown => RequestEnding.Unknown,
            _ => RequestEnding.Forgotten,
        });
        if (errand.Outcome == RequestOutcome.Unknown) return end with { Why = errand.Reason == Reason.None ? $"the service answered {errand.Answer?.Status}" : Path.Problem.DetailOf(errand.Reason) };
        return errand is { Outcome: RequestOutcome.Answered, Answer: { } answer }
            ? end with { Answer = answer.IsWhole && answer.Body.Length <= spec.MaxAnswer.Bytes ? answer : answer with { Body = default, IsWhole = false } }
            : end;
    }

    private (RequestClaim Claim, byte[] Request) ClaimOf(Exchange x)
    {
        var content = BodyIntake.Content(x, out var rented);
        try
        {
            var claim = new RequestClaim
            {
                Route = route,
                Owner = owner.Of(x),
                Key = Encoding.ASCII.GetString(KeyOf(x, out _)),
                Fingerprint = RequestCopy.PrintOf(x, content.Span),
                Keep = spec.Keep,
                Repeats = repeats,
            };
            return (claim, RequestCopy.Of(x, content.Span, isForLater: false));
        }
        finally
        {
            if (rented is not null) Buffers.Return(rented);
        }
    }

    private bool Refuse(Exchange x, Reason reason)
    {
        Interlocked.Increment(ref refused);
        x.Reason = reason;
        return false;
    }

    private bool IsMeant(Exchange x)
    {
        var method = x.Request.Method.Of(x.HeadBytes);
        foreach (var one in methods)
        {
            if (method.SequenceEqual(one)) return true;
        }
        return false;
    }
}
