using System.Text;
using System.Text.Json;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Traffic.Policies;

namespace Mainstay.Traffic.Path;

/// <summary>Answers with what several services answer together. Each call is a request of its own past the stations of its service; see <see cref="Composition"/>.</summary>
/// <remarks>Not on the hot path: it allocates, but blocks no loop.</remarks>
internal sealed class ComposeGate : Gate, IAnswer
{
    /// <summary>Most bytes of a request's body, where something refers to it.</summary>
    public const int MostBody = 64 * 1024;

    private static readonly byte[] JsonLines = "Content-Type: application/json\r\n"u8.ToArray();
    private readonly RouteModel route;

    private ComposeGate(RouteModel route, ComposePlan plan, RouteTarget[] targets)
        : base("compose") => (this.route, Plan, Targets) = (route, plan, targets);

    public ComposePlan Plan { get; }

    /// <summary>Where each call goes.</summary>
    public RouteTarget[] Targets { get; }

    /// <summary>Milliseconds for the whole.</summary>
    public long TimeoutMs => (long)route.Spec.Timeout.TotalMilliseconds;

    /// <summary>The gate of a route that composes; none for others.</summary>
    /// <param name="route">The route.</param>
    /// <param name="target">Compiles where a call goes, as if it were a route of its own.</param>
    public static Gate[] Compile(RouteModel? route, Func<RouteModel, RouteTarget> target)
    {
        if (route?.Spec.Compose is not { } spec) return [];
        var plan = new ComposePlan(spec);
        var targets = plan.Calls.Select(call => target(new RouteModel($"{route.Name}/{call.Name}", SpecOf(route.Spec, call.Call))));
        return [new ComposeGate(route, plan, [.. targets])];
    }

    public override Verdict Enter(Exchange x, int slot)
    {
        x.Answer = this;
        return Verdict.Answer;
    }

    public override Opinion Peek(Exchange x) => new(Verdict.Answer, $"composes an answer of {Plan.Calls.Length} calls, {Plan}");

    public async ValueTask<bool> SendAsync(Exchange x)
    {
        // 1. The request, as far as it is referred to.
        JsonElement? body = null;
        if (Plan.NeedsBody)
        {
            x.Reason = await BodyIntake.ReceiveAsync(x, (int)Math.Min(MostBody, route.Spec.MaxBody?.Bytes ?? MostBody));
            if (x.Reason == Reason.None && !TryReadBody(x, out body)) x.Reason = Reason.ComposeBodyInvalid;
            if (x.Reason != Reason.None) return false;
        }
        var composition = new Composition(x, this, new ComposeRun(Plan, new ComposeFacts(RequestOf(x, body)), x.DropsOptional));

        // 2. The calls, looked after by the heartbeat.
        x.Connection.Waits.ForParts(composition);
        try
        {
            var end = await composition.RunAsync();
            if (end is not null) return await AnswerAsync(x, end);
            x.Reason = Reason.ClientAborted;
            return false;
        }
        finally
        {
            await composition.EndAsync();
            x.Connection.Waits.ForParts(null);
        }
    }

    private async ValueTask<bool> AnswerAsync(Exchange x, ComposeMove end)
    {
        if (end.Verdict == ComposeVerdict.Answer)
        {
            if (end.Partial.Count > 0)
            {
                x.Added.Add("X-Mainstay-Partial"u8, Encoding.ASCII.GetBytes(string.Join(", ", end.Partial)));
                // What is missing now may be there a moment later.
                x.Added.Add("Cache-Control"u8, "no-store"u8);
            }
            return await Relay.SendOwnAsync(x, end.Status, JsonLines, end.Body);
        }
        var (lines, _) = Problem.Of(Reason.ComposePartFailed);
        var sent = await Relay.SendOwnAsync(x, Problem.StatusOf(Reason.ComposePartFailed), lines, Failure(end));
        if (sent) x.Reason = Reason.ComposePartFailed;
        return sent;
    }

    /// <summary>RFC 9457, with the name of what failed.</summary>
    private byte[] Failure(ComposeMove end)
    {
        var part = end.Call < 0 ? null : Plan.Calls[end.Call];
        using var output = new JsonOutput(ComposeRun.MostBytes);
        output.Writer.WriteStartObject();
        output.Writer.WriteString("type", "about:blank");
        output.Writer.WriteString("title", "Bad Gateway");
        output.Writer.WriteNumber("status", Problem.StatusOf(Reason.ComposePartFailed));
        output.Writer.WriteString("reason", Problem.NameOf(Reason.ComposePartFailed));
        output.Writer.WriteString("detail", part is null ? $"The answer cannot be composed: {end.Why}." : $"The answer cannot be composed without '{part.Name}' of {part.Call.To}: {end.Why}.");
        if (part is not null) output.Writer.WriteString("part", part.Name);
        output.Writer.WriteEndObject();
        return output.ToArray();
    }

    private ComposeRequest RequestOf(Exchange x, JsonElement? body)
    {
        var head = x.HeadBytes;
        var path = Encoding.Latin1.GetString(x.Request.Path.Of(head));
        var target = Encoding.Latin1.GetString(x.Request.Target.Of(head));
        var query = target.IndexOf('?', StringComparison.Ordinal);
        return new(
            Encoding.Latin1.GetString(x.Request.Method.Of(head)), path, query < 0 ? "" : target[(query + 1)..], PathVariable.Of(ComposeSpec.TemplateOf(route.Spec.Match), path), body);
    }

    private static bool TryReadBody(Exchange x, out JsonElement? body)
    {
        body = null;
        var content = BodyIntake.Content(x, out var rented);
        try
        {
            if (content.IsEmpty) return true;
            using var document = JsonDocument.Parse(content);
            body = document.RootElement.Clone();
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
        finally
        {
            if (rented is not null) Buffers.Return(rented);
        }
    }

    private static RouteSpec SpecOf(RouteSpec route, ComposeCall call) =>
        new() { Match = route.Match, To = call.To, Timeout = call.Timeout is { } own && own < route.Timeout ? own : route.Timeout, Retry = route.Retry, Criticality = route.Criticality };
}
