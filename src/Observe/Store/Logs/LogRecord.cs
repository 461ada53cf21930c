using System.Text;
using Mainstay.Observe.Store.Blocks;
using Mainstay.Observe.Store.Traces;

namespace Mainstay.Observe.Store.Logs;

/// <summary>A log record, or how far a source was read, as bytes of the log on disk.</summary>
static class LogRecord
{
    public static void Write(StoredLog log, ByteWriter into)
    {
        into.Byte(1);
        into.Zigzag((log.At - DateTimeOffset.UnixEpoch).Ticks);
        into.Varint(log.Severity);
        foreach (var text in (string?[])[log.Service, log.Instance, log.Level, log.Message, log.Trace, log.Span])
        {
            Text(text ?? "", into);
        }

        into.Varint(log.Attributes.Count);
        foreach (var one in log.Attributes)
        {
            Text(one.Key, into);
            Text(one.Value, into);
        }
    }

    public static void Write(string source, SourceMark mark, ByteWriter into)
    {
        into.Byte(2);
        Text(source, into);
        into.Varint(mark.File);
        into.Varint((ulong)mark.Offset);
    }

    /// <summary>Reads a chunk up to its end, or to where it is damaged.</summary>
    public static void Read(ReadOnlySpan<byte> chunk, Action<StoredLog> log, Action<string, SourceMark> mark)
    {
        var cursor = new ByteCursor(chunk);
        while (cursor.Left > 0 && !cursor.Failed)
        {
            var kind = cursor.Byte();
            if (kind == 2)
            {
                var (source, place) = (Text(ref cursor), new SourceMark(cursor.Count(int.MaxValue), (long)cursor.Varint()));
                if (!cursor.Failed)
                {
                    mark(source, place);
                }
            }
            else if (kind == 1 && One(ref cursor) is { } one)
            {
                log(one);
            }
            else
            {
                return;
            }
        }
    }

    static StoredLog? One(ref ByteCursor cursor)
    {
        var (at, severity) = (cursor.Zigzag(), cursor.Count(24));
        var (service, instance, level, message, trace, span) = (Text(ref cursor), Text(ref cursor), Text(ref cursor), Text(ref cursor), Text(ref cursor), Text(ref cursor));
        var attributes = new StoredAttribute[cursor.Items()];
        for (var i = 0; i < attributes.Length && !cursor.Failed; i++)
        {
            attributes[i] = new(Text(ref cursor), Text(ref cursor));
        }

        var time = new DateTimeOffset(Math.Clamp(DateTime.UnixEpoch.Ticks + at, 0, DateTime.MaxValue.Ticks), TimeSpan.Zero);
        return cursor.Failed ? null : new(time, service, instance, severity, level, message, trace.Length == 32 ? trace : null, span.Length == 16 ? span : null, attributes);
    }

    static void Text(string text, ByteWriter into)
    {
        var length = Encoding.UTF8.GetByteCount(text);
        into.Varint(length);
        Encoding.UTF8.GetBytes(text, into.Take(length));
    }

    static string Text(ref ByteCursor cursor) => Encoding.UTF8.GetString(cursor.Bytes(cursor.Items()));
}
