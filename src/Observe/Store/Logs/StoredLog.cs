using Mainstay.Observe.Store.Traces;

namespace Mainstay.Observe.Store.Logs;

/// <summary>A log record as it was kept.</summary>
/// <param name="At">When it happened.</param>
/// <param name="Severity">OTLP's number: trace from 1, debug 5, info 9, warn 13, error 17, fatal 21; 0 where it is not known.</param>
/// <param name="Level">As the sender wrote it.</param>
/// <param name="Trace">32 hexadecimal digits; null where it is part of none.</param>
/// <param name="Span">16 hexadecimal digits; null where it is part of none.</param>
public sealed record StoredLog(
    DateTimeOffset At, string Service, string Instance, int Severity, string Level, string Message, string? Trace, string? Span, IReadOnlyList<StoredAttribute> Attributes)
{
    /// <summary>About how much memory it takes, in bytes.</summary>
    internal int Size
    {
        get
        {
            var size = 240 + (2 * Message.Length);
            foreach (var one in Attributes)
            {
                size += 80 + (2 * (one.Key.Length + one.Value.Length));
            }

            return size;
        }
    }
}
