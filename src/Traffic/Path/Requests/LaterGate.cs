using System.Text;
using System.Text.Json;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Core.Requests;
using Mainstay.Traffic.Decide;
using Mainstay.Traffic.Policies;

namespace Mainstay.Traffic.Path.Requests;

/// <summary>Accepts requests that are done later: what came is on the disk before 202 is answered.</summary>
internal sealed class LaterGate(string route, AsyncSpec spec, IdempotencySpec? keys, LaterRoom room, LedgerDoor? door) : Gate("async"), IAnswer
{
    private static readonly byte[] JsonLines = "Content-Type: application/json\r\nCache-Control: no-store\r\n"u8.ToArray();
    private static readonly byte[] CallbackHeader = "mainstay-callback-url"u8.ToArray();
    private readonly OwnerReader owner = new(spec.Scope ?? keys?.Scope);
    private readonly byte[][] methods = [.. spec.Methods.Select(Encoding.ASCII.GetBytes)];

    public LaterRoom Room => room;

    public static LaterGate? Compile(TargetPlace place)
    {
        if (place.Route?.Spec.Async is not { } spec) return null;
        var repeats = place.Cluster.HonoursKeys;
        var room = place.Policies.Of($"{place.About}/async", new { spec, repeats }, () => new LaterRoom(place.About, place.Route.Name, spec, repeats, place.Policies.Gateway));
        return new LaterGate(place.Route.Name, spec, place.Route.Spec.Idempotency, room, place.Policies.Gateway?.Requests);
    }

    public override Verdict Enter(Exchange x, int slot)
    {
        if (!IsMeant(x)) return Verdict.Pass;
        var key = KeyGate.KeyOf(x, out var isThere);
        if (key.IsEmpty && (isThere || keys is { Required: true }))
        {
            x.Reason = isThere ? Reason.KeyInvalid : Reason.KeyRequired;
            return Verdict.Refuse;
        }
        if (!MayTell(x, out _))
        {
            x.Reason = Reason.CallbackRefused;
            return Verdict.Refuse;
        }
        x.Answer = this;
        return Verdict.Answer;
    }

    public override Opinion Peek(Exchange x) =>
        IsMeant(x) ? new(Verdict.Answer, $"it is accepted (202) and {(spec.Pull is null ? $"done later, {spec.Parallel} at a time" : "pulled by a worker of the service")}, unless {spec.Backlog} wait", Status: 202) : new(Verdict.Pass, "the method is not accepted for later");

    public async ValueTask<bool> SendAsync(Exchange x)
    {
        x.Reason = await BodyIntake.ReceiveAsync(x, (int)spec.MaxBody.Bytes);
        if (x.Reason != Reason.None) return false;
        if (door is null || await door.GetAsync() is not { } ledger)
        {
            x.Reason = Reason.LedgerUnavailable;
            return false;
        }
        var answer = await ledger.ClaimAsync(ClaimOf(x), CancellationToken.None);
        if (answer.Verdict != ClaimVerdict.Accepted) return await KeyGate.TellAsync(x, answer);
        room.Wake();
        var path = StatusRoutes.PathOf(route) + answer.Id;
        x.Added.Add("Location"u8, Encoding.ASCII.GetBytes(path));
        x.Added.Add("Retry-After"u8, "1"u8);
        return await Relay.SendOwnAsync(x, 202, JsonLines, JsonSerializer.SerializeToUtf8Bytes(new AcceptedView(answer.Id, path, path + "/answer"), RequestJson.Default.AcceptedView));
    }

    private RequestClaim ClaimOf(Exchange x)
    {
        var content = BodyIntake.Content(x, out var rented);
        try
        {
            var key = KeyGate.KeyOf(x, out _);
            return new RequestClaim
            {
                Route = route,
                Owner = owner.Of(x),
                Key = key.IsEmpty ? null : Encoding.ASCII.GetString(key),
                Fingerprint = RequestCopy.PrintOf(x, content.Span),
                Keep = spec.Keep,
                Later = new AcceptTerms(RequestCopy.Of(x, content.Span, isForLater: true), spec.Backlog, spec.BacklogBytes.Bytes, MayTell(x, out var place) ? place : null),
            };
        }
        finally
        {
            if (rented is not null) Buffers.Return(rented);
        }
    }

    /// <summary>Whether the end may be told where the request wants it, and where that is; nowhere is a place, too.</summary>
    private bool MayTell(Exchange x, out string? place)
    {
        place = spec.Callback?.Url;
        var at = 0;
        if (!x.Request.Next(x.HeadBytes, ref at, CallbackHeader, out var value)) return true;
        place = Encoding.Latin1.GetString(value.Of(x.HeadBytes));
        return spec.Callback is { } terms && CallbackPlaces.Read(place) is { } named && CallbackPlaces.IsAllowed(named, terms.Allow) && !x.Request.Next(x.HeadBytes, ref at, CallbackHeader, out _);
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
