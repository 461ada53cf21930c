using System.Text;
using Mainstay.Observe.Ingest.Model;
using Mainstay.Observe.Store.Blocks;
using Mainstay.Observe.Store.Traces;

namespace Mainstay.Observe.Store.Logs;

/// <summary>
/// Log records as a page, and back. Kept as they are: trace and span ids. Packed: times after one another, severities, then levels, services, instances,
/// messages and attributes as columns.
/// </summary>
static class LogPage
{
    const int MostCells = 8 << 20;
    const int TraceBytes = 16;
    const int SpanBytes = 8;

    public static (byte[] Page, byte[] Filter, PageFacts Facts) Make(ReadOnlySpan<StoredLog> logs)
    {
        var (plain, times, states) = (new ByteWriter(), new ByteWriter(), new ByteWriter());
        var (levels, services, instances, messages, attributes) = (new TextColumn(), new TextColumn(), new TextColumn(), new TextColumn(), new AttributeColumns());
        var terms = new HashSet<ulong>();
        var (before, first, last, severity) = (0L, long.MaxValue, long.MinValue, 0);
        foreach (var log in logs)
        {
            var at = (log.At - DateTimeOffset.UnixEpoch).Ticks;
            times.Zigzag(at - before);
            before = at;
            (first, last, severity) = (Math.Min(first, at * 100), Math.Max(last, at * 100), Math.Max(severity, log.Severity));
            states.Byte((byte)((log.Severity & 31) | (log.Trace is null ? 0 : 32) | (log.Span is null ? 0 : 64)));
            Id(log.Trace, TraceBytes, plain);
            Id(log.Span, SpanBytes, plain);
            Text(log.Level, levels);
            Text(log.Service, services);
            Text(log.Instance, instances);
            Text(log.Message, messages);
            foreach (var one in log.Attributes)
            {
                attributes.Add(Encoding.UTF8.GetBytes(one.Key), AttributeKind.Text, Encoding.UTF8.GetBytes(one.Value), 0);
            }

            attributes.End();
            Terms(log, terms);
        }

        var packable = new ByteWriter(1 << 16);
        packable.Bytes(times.Written);
        packable.Bytes(states.Written);
        foreach (var column in (TextColumn[])[levels, services, instances, messages])
        {
            column.Write(packable);
        }

        attributes.Write(packable);
        return (PagePacker.Pack(logs.Length, plain.Written, packable.Written), TermFilter.Make(terms), new(logs.Length, first, last, severity, severity >= 17 ? 1 : 0));
    }

    /// <summary>Null where it is damaged.</summary>
    public static StoredLog[]? Read(ReadOnlySpan<byte> page)
    {
        using var unpacked = PagePacker.Unpack(page);
        if (!unpacked.IsWhole)
        {
            return null;
        }

        var rows = unpacked.Rows;
        var cursor = new ByteCursor(unpacked.Bytes);
        var ids = new ByteCursor(unpacked.Plain);
        var (times, states) = (new long[rows], new byte[rows]);
        var at = 0L;
        for (var i = 0; i < rows; i++)
        {
            times[i] = at += cursor.Zigzag();
        }

        for (var i = 0; i < rows; i++)
        {
            states[i] = cursor.Byte();
        }

        var (levels, services, instances, messages) = (Column(ref cursor, rows), Column(ref cursor, rows), Column(ref cursor, rows), Column(ref cursor, rows));
        if (levels is null || services is null || instances is null || messages is null || AttributeRows.Read(ref cursor, rows, MostCells) is not { } attributes)
        {
            return null;
        }

        var logs = new StoredLog[rows];
        for (var i = 0; i < rows; i++)
        {
            var trace = (states[i] & 32) != 0 ? Convert.ToHexStringLower(ids.Bytes(TraceBytes)) : null;
            var span = (states[i] & 64) != 0 ? Convert.ToHexStringLower(ids.Bytes(SpanBytes)) : null;
            var time = new DateTimeOffset(Math.Clamp(DateTime.UnixEpoch.Ticks + times[i], 0, DateTime.MaxValue.Ticks), TimeSpan.Zero);
            logs[i] = new(time, services[i], instances[i], states[i] & 31, levels[i], messages[i], trace, span, attributes[i]);
        }

        return cursor.Failed || ids.Failed ? null : logs;
    }

    static void Terms(StoredLog log, HashSet<ulong> into)
    {
        Words.Terms(log.Message, into);
        into.Add(LogSearch.Term("service", log.Service));
        into.Add(LogSearch.Term("instance", log.Instance));
        if (log.Trace is { } trace)
        {
            into.Add(LogSearch.Term("trace", trace));
        }

        if (log.Span is { } span)
        {
            into.Add(LogSearch.Term("span", span));
        }

        foreach (var one in log.Attributes)
        {
            into.Add(LogSearch.Term("attribute:" + one.Key, one.Value));
            Words.Terms(one.Value, into);
        }
    }

    static void Id(string? hex, int length, ByteWriter into)
    {
        if (hex is not null)
        {
            Convert.FromHexString(hex, into.Take(length), out _, out _);
        }
    }

    static void Text(string text, TextColumn into) => into.Add(Encoding.UTF8.GetBytes(text));

    static string[]? Column(ref ByteCursor cursor, int rows)
    {
        if (TextTable.Read(ref cursor) is not { } table)
        {
            return null;
        }

        var texts = table.Show();
        var numbers = TextColumn.Numbers(ref cursor, rows, texts.Length);
        return cursor.Failed ? null : Array.ConvertAll(numbers, n => texts[n]);
    }
}
