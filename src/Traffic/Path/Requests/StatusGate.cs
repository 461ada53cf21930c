using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Core.Requests;
using Mainstay.Traffic.Decide;

namespace Mainstay.Traffic.Path.Requests;

/// <summary>Tells how an accepted request stands, gives its answer, and takes it back while it waits: to whom it belongs, and nobody else learns that it is there.</summary>
internal sealed class StatusGate(string route, AsyncSpec spec, LedgerDoor? door) : Gate("status"), IAnswer
{
    private static readonly byte[] JsonLines = "Content-Type: application/json\r\nCache-Control: no-store\r\n"u8.ToArray();
    private readonly OwnerReader owner = new(spec.Scope);
    private readonly int skipped = StatusRoutes.PathOf(route).Length;

    public static StatusGate? Compile(TargetPlace place) =>
        place.Route is { TellsOf: { } route, Later: { } spec } ? new StatusGate(route, spec, place.Policies.Gateway?.Requests) : null;

    public override Verdict Enter(Exchange x, int slot)
    {
        x.Answer = this;
        return Verdict.Answer;
    }

    public override Opinion Peek(Exchange x) => new(Verdict.Answer, "tells how an accepted request stands");

    public async ValueTask<bool> SendAsync(Exchange x)
    {
        var (id, wantsAnswer) = Asked(Encoding.ASCII.GetString(x.Request.Path.Of(x.HeadBytes)));
        var cancels = x.Request.Method.Of(x.HeadBytes).SequenceEqual("DELETE"u8);
        var whose = owner.Of(x);
        if (door is null || await door.GetAsync() is not { } ledger) return Refuse(x, Reason.LedgerUnavailable);
        ShownRequest? found;
        try
        {
            found = id is null ? null : await ledger.FindAsync(id, CancellationToken.None);
            if (found is null || found.Route != route || found.Owner != whose || !found.IsAccepted || (cancels && wantsAnswer)) return Refuse(x, Reason.NoRequest);
            if (cancels)
            {
                var changed = await ledger.ChangeAsync(found.Id, RequestWish.Cancel, CancellationToken.None);
                if (changed.Verdict == ChangeVerdict.NotNow) return Refuse(x, Reason.NotWaiting);
                if (changed.Request is null) return Refuse(x, changed.Verdict == ChangeVerdict.NotThere ? Reason.NoRequest : Reason.LedgerUnavailable);
                found = changed.Request;
            }
        }
        catch (Core.Store.StoreUnavailableException)
        {
            return Refuse(x, Reason.LedgerUnavailable);
        }
        if (!wantsAnswer) return await TellAsync(x, found);
        if (found.Answer is not { } answer) return Refuse(x, Reason.NoAnswerYet);
        return answer.IsWhole ? await Relay.SendOwnAsync(x, answer.Status, answer.Lines, answer.Body) : Refuse(x, Reason.AnswerNotKept);
    }

    private static ValueTask<bool> TellAsync(Exchange x, ShownRequest request)
    {
        if (request.State is RequestState.Waiting or RequestState.Running) x.Added.Add("Retry-After"u8, "1"u8);
        var view = new StatusView(request.Id, StateOf(request), request.At, request.Attempts)
        {
            Due = request.Due, Ends = request.Ends, Status = request.Status == 0 ? null : request.Status, Why = request.Why,
            Answer = request.State == RequestState.Answered ? StatusRoutes.PathOf(request.Route) + request.Id + "/answer" : null,
        };
        return Relay.SendOwnAsync(x, 200, JsonLines, JsonSerializer.SerializeToUtf8Bytes(view, RequestJson.Default.StatusView));
    }

    private static string StateOf(ShownRequest request) => request.State switch
    {
        RequestState.Answered => request.Status < 400 ? "succeeded" : "failed",
        var state => state.ToString().ToLowerInvariant(),
    };

    private (string? Id, bool WantsAnswer) Asked(string path)
    {
        var rest = path.Length > skipped ? path[skipped..].TrimEnd('/') : "";
        var wantsAnswer = rest.EndsWith("/answer", StringComparison.Ordinal);
        var id = wantsAnswer ? rest[..^7] : rest;
        return (id.Length == 32 && id.All(char.IsAsciiHexDigitLower) ? id : null, wantsAnswer);
    }

    private static bool Refuse(Exchange x, Reason reason)
    {
        x.Reason = reason;
        return false;
    }
}

/// <summary>What is answered to a request that was accepted.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Status">Where its status is.</param>
/// <param name="Answer">Where its answer will be.</param>
internal sealed record AcceptedView(string Id, string Status, string Answer);

/// <summary>How an accepted request stands, as its client is told.</summary>
/// <param name="Id">Its id.</param>
/// <param name="State"><c>waiting</c>, <c>running</c>, <c>succeeded</c>, <c>failed</c>, <c>unknown</c> or <c>cancelled</c>.</param>
/// <param name="At">When it was accepted.</param>
/// <param name="Attempts">How often it was begun.</param>
internal sealed record StatusView(string Id, string State, DateTimeOffset At, int Attempts)
{
    /// <summary>When it is to be begun (again).</summary>
    public DateTimeOffset? Due { get; init; }

    /// <summary>Until when this is known.</summary>
    public DateTimeOffset? Ends { get; init; }

    /// <summary>The status that was answered.</summary>
    public int? Status { get; init; }

    /// <summary>What went wrong last.</summary>
    public string? Why { get; init; }

    /// <summary>Where the answer is.</summary>
    public string? Answer { get; init; }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(AcceptedView))]
[JsonSerializable(typeof(StatusView))]
internal sealed partial class RequestJson : JsonSerializerContext;
