using Mainstay.Core.Kinds.Schedule;

namespace Mainstay.Host.Api.Agents;

/// <summary>Makes events whose names order them by time and never collide within a process.</summary>
/// <param name="origin">Tells apart who makes events: a name's part.</param>
public sealed class EventNames(string origin)
{
    long number;

    public Event Make(DateTimeOffset now, string about, string reason, string message, Severity severity = Severity.Info) => new()
    {
        Name = $"{now.ToUnixTimeMilliseconds():D13}-{origin}-{Interlocked.Increment(ref number):D6}",
        At = now,
        About = about,
        Reason = reason,
        Message = message,
        Severity = severity,
    };
}
