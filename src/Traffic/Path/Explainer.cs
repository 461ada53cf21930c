using System.Net;
using System.Text;
using Mainstay.Traffic.Drivers;

namespace Mainstay.Traffic.Path;

/// <summary>
/// Leads a request that nobody sent past the stations, with the live table and the live state of its policies, and notes what each would say. It
/// changes nothing: gates are peeked at, not entered.
/// </summary>
internal static class Explainer
{
    private const int MostHeadBytes = 32 * 1024;

    public static Explanation Explain(Gateway gateway, Listener listener, Question question)
    {
        var steps = new List<ExplainedStep>();
        var table = listener.Table;
        var revision = gateway.Revision;
        if (Head(question) is not { } head) return Refused(revision, steps, "parse", Reason.BadRequest, "");

        // 1. The same parser, on the same bytes as a client would send.
        var peer = new IPEndPoint(question.Client is { } client && IPAddress.TryParse(client, out var at) ? at : IPAddress.Loopback, 0);
        var connection = new ClientConnection(gateway, listener, new DeafWire(peer), 1);
        var x = new Exchange { Connection = connection };
        x.Request.Trusted = connection.IsTrusted;
        x.Request.Reset();
        for (var sent = 0; sent < head.Length;)
        {
            var room = x.Input.Room();
            var part = Math.Min(room.Length, head.Length - sent);
            head.AsMemory(sent, part).CopyTo(room);
            x.Input.Took(part);
            sent += part;
        }
        var status = x.Request.Parse(x.Input.Bytes, gateway.Limits);
        if (status != ParseStatus.Complete) return Refused(revision, steps, "parse", status == ParseStatus.Bad ? x.Request.Failure : Reason.BadRequest, "");
        x.Begin(gateway.Clock.Timestamp);
        steps.Add(Step("parse", Verdict.Pass, $"{question.Method} {question.Target} is well-formed"));
        try
        {
            return Lead(x, table, revision, steps);
        }
        finally
        {
            x.ReturnOutput();
        }
    }

    private static Explanation Lead(Exchange x, ListenerTable table, long revision, List<ExplainedStep> steps)
    {
        // 2. The door, and match.
        if (table.Door is { } door)
        {
            var said = door.Peek(x);
            steps.Add(Step("door", said.Verdict, said.Why));
            if (said.Verdict == Verdict.Refuse) return new Explanation(revision, "", null, null, Problem.StatusOf(door.ReasonOf(x)), Problem.NameOf(door.ReasonOf(x)), steps);
        }
        x.Body = RequestBody.Begin(x.Request, x.Input.Memory.Span[x.Request.Length..]);
        x.Target = Match.Find(table, x.Request, x.HeadBytes, out var reason);
        if (x.Target is not { } target) return Refused(revision, steps, "match", reason, "");
        steps.Add(Step("match", Verdict.Pass, $"takes {target.About}{(target.Cluster.Service.Length > 0 ? " to " + target.Cluster.Service : "")}"));

        // 3. The gates, each asked for its opinion.
        foreach (var gate in target.Gates)
        {
            var opinion = gate.Peek(x);
            steps.Add(Step(gate.Name, opinion.Verdict, opinion.Why));
            if (opinion.Verdict is Verdict.Pass or Verdict.Wait) continue;
            if (opinion.Verdict == Verdict.Refuse) return Failed(x, target.Fallback, opinion.Reason, revision, steps, target.About);
            return new Explanation(revision, target.About, null, null, opinion.Status, Problem.NameOf(opinion.Reason), steps);
        }

        return Found(x, revision, steps);
    }

    private static Explanation Found(Exchange x, long revision, List<ExplainedStep> steps, bool isFallback = false)
    {
        // 4. Pick, among what there is now and what a split left.
        if (x.Target!.Across is { } across && Crossing.IsDue(x, across, Reason.None))
        {
            steps.Add(Step("side", Verdict.Pass, "none of these can be connected to: the other version takes it"));
            x.Target = across;
        }
        var target = x.Target!;
        var now = x.NowMs;
        var index = Pick.First(x, target.Cluster, target.Cluster.Key?.Of(x) ?? 0, now);
        if (index < 0)
        {
            var reason = target.Breakers.Length > 0 ? Reason.BreakerOpen : Reason.NoEndpoint;
            steps.Add(Step("pick", Verdict.Refuse, Problem.DetailOf(reason)));
            return Failed(x, isFallback ? null : target.Fallback, reason, revision, steps, target.About);
        }
        var endpoint = target.Cluster.Endpoints[index];
        var others = target.Cluster.Endpoints.Select(e => $"{e.Instance} ({e.InFlight} in flight{(e.IsEjected(now) ? ", left alone" : target.Breakers.Any(b => b.Name == e.Instance && b.Breaker.State == Policies.BreakerState.Open) ? ", breaker open" : "")})");
        steps.Add(Step("pick", Verdict.Pass, $"{endpoint.Instance} at {endpoint.Address}{(index == x.Stuck ? " by its cookie" : "")}, of {string.Join(", ", others)}"));
        if (target.Hedge is { } hedge && x.Request.IsSafe && target.Cluster.Endpoints.Length > 1) steps.Add(Step("hedge", Verdict.Pass, hedge.Why));
        return new Explanation(revision, target.About, target.Cluster.Service, endpoint.Instance, 0, Problem.NameOf(Reason.None), steps);
    }

    /// <summary>What the client gets where a request is turned away or finds nobody: the fallback where one covers that, else the error.</summary>
    private static Explanation Failed(Exchange x, Fallback? fallback, Reason reason, long revision, List<ExplainedStep> steps, string about)
    {
        if (fallback is null || fallback.Peek(x, reason, out var instead) is not { } opinion)
        {
            return new Explanation(revision, about, null, null, Problem.StatusOf(reason), Problem.NameOf(reason), steps);
        }
        steps.Add(Step("fallback", opinion.Verdict, opinion.Why));
        if (instead is null) return new Explanation(revision, about, null, null, opinion.Status, Problem.NameOf(reason), steps);
        x.Target = instead;
        return Found(x, revision, steps, isFallback: true);
    }

    private static Explanation Refused(long revision, List<ExplainedStep> steps, string station, Reason reason, string about)
    {
        steps.Add(Step(station, Verdict.Refuse, Problem.DetailOf(reason)));
        return new Explanation(revision, about, null, null, Problem.StatusOf(reason), Problem.NameOf(reason), steps);
    }

    private static ExplainedStep Step(string station, Verdict verdict, string why) => new(station, verdict.ToString().ToLowerInvariant(), why);

    private static byte[]? Head(Question question)
    {
        var text = new StringBuilder($"{question.Method} {question.Target} HTTP/1.1\r\nHost: {question.Host}\r\n");
        foreach (var line in question.Headers ?? []) text.Append(line).Append("\r\n");
        var whole = text.Append("\r\n").ToString();
        var lines = 2 + (question.Headers?.Count ?? 0);
        // A line end within a part would make more of the request than was asked about.
        return whole.Length > MostHeadBytes || whole.AsSpan().Count('\n') != lines + 1 || whole.AsSpan().Count('\r') != lines + 1 ? null : Encoding.Latin1.GetBytes(whole);
    }

    /// <summary>The connection of a request that nobody sent.</summary>
    private sealed class DeafWire(IPEndPoint peer) : Wire
    {
        public override IPEndPoint? Peer { get; } = peer;

        public override bool IsReadable => false;

        public override bool IsEnded => false;

        public override ValueTask<int> ReceiveAsync(Memory<byte> into) => new(0);

        public override ValueTask<int> SendAsync(ReadOnlyMemory<byte> bytes) => new(Broken);

        public override void EndSending()
        {
        }

        public override void StopReceiving()
        {
        }

        public override void Close(bool reset = false)
        {
        }
    }
}
