using System.Runtime.CompilerServices;
using System.Text;
using Mainstay.Core.Kinds.Traffic;

namespace Mainstay.Traffic.Path;

/// <summary>What answers where a target's service does not.</summary>
/// <param name="good">Where the service's last good answers are kept; null where they are not.</param>
/// <param name="answer">An answer that is ready; null where a service answers.</param>
/// <param name="instead">The same terms at another service.</param>
internal sealed class Fallback(CacheZone? good, FixedAnswer? answer, RouteTarget? instead)
{
    /// <summary>None where somebody answers now, else why nobody does.</summary>
    [AsyncMethodBuilder(typeof(ReusedTask<>))]
    public async ValueTask<Reason> TakeAsync(Exchange x, Reason reason)
    {
        // A body that is on its way to one place cannot be brought to another.
        if (!Covers(reason) || x.HasPump || x.Answered) return reason;
        x.Upstream?.Discard();
        x.Upstream = null;
        if (!x.Connection.Waits.Rest()) return Reason.ClientAborted;
        if (good is not null && (x.Visit ??= new CacheVisit()).TryGood(x, good))
        {
            Note(x, reason);
            return Reason.None;
        }
        if (answer is null && instead is null) return reason;
        if (answer is not null)
        {
            Note(x, reason);
            x.Answer = answer;
            return Reason.None;
        }
        var wasSent = reason is Reason.UpstreamClosed or Reason.UpstreamBadResponse or Reason.UpstreamTimeout;
        if (wasSent && !x.Target!.Retry.IsRepeatable(x)) return reason;
        Note(x, reason);
        x.Target = instead;
        x.Endpoint?.Leave();
        x.Endpoint = null;
        x.EndpointIndex = -1;
        x.Tried = 0;
        return await Forward.SendAsync(x);
    }

    /// <summary>What it would do for a request that nobody sent, without any effect; null where it would leave the error as it is.</summary>
    /// <param name="target">Where the request would go then; null where an answer is ready.</param>
    public Opinion? Peek(Exchange x, Reason reason, out RouteTarget? target)
    {
        target = null;
        if (!Covers(reason)) return null;
        if (good is not null && new CacheVisit().PeekGood(x, good) is { } age) return new(Verdict.Answer, $"the service's last good answer, {age} s old", reason, 200);
        if (answer is not null) return new(Verdict.Answer, "the answer that is declared", reason, answer.Status);
        target = instead;
        return instead is null ? null : new(Verdict.Pass, $"goes to {instead.Cluster.Service} instead");
    }

    private static void Note(Exchange x, Reason reason)
    {
        x.Failed = reason;
        x.Reason = Reason.None;
        x.Added.Add("X-Mainstay-Fallback"u8, Problem.NameBytesOf(reason));
    }

    internal static bool Covers(Reason reason) => reason is Reason.NoEndpoint or Reason.ConnectFailed or Reason.UpstreamClosed
        or Reason.UpstreamBadResponse or Reason.UpstreamTimeout or Reason.BreakerOpen or Reason.Degraded;
}

/// <summary>An answer that is ready.</summary>
internal sealed class FixedAnswer(int status, string contentType, string body) : IAnswer
{
    public int Status { get; } = status;

    private readonly byte[] lines = Encoding.ASCII.GetBytes($"Content-Type: {contentType}\r\nCache-Control: no-store\r\n");
    private readonly byte[] bytes = Encoding.UTF8.GetBytes(body);

    public ValueTask<bool> SendAsync(Exchange x) => Relay.SendOwnAsync(x, Status, lines, bytes);
}
