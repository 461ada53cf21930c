using System.Globalization;
using System.Text;
using Mainstay.Observe.Store.Blocks;

namespace Mainstay.Observe.Store.Logs;

/// <summary>The lines of one pattern, as they come.</summary>
sealed class PatternGroup(string service, string[] words, DateTimeOffset first)
{
    const int MostExample = 500;

    readonly int[] minutes = new int[60];
    long minute;
    int severity;
    string example = "";

    public string Service => service;

    public string[] Words { get; } = words;

    public long Count { get; private set; }

    public DateTimeOffset Last { get; private set; }

    public string Text => string.Join(' ', Words);

    public void Take(string[] line, StoredLog log)
    {
        for (var i = 0; i < line.Length; i++)
        {
            Words[i] = Words[i] == line[i] ? line[i] : PatternMiner.Value;
        }

        Count++;
        severity = Math.Max(severity, log.Severity);
        Last = log.At > Last ? log.At : Last;
        example = log.Message.Length > MostExample ? log.Message[..MostExample] : log.Message;
        var now = log.At.ToUnixTimeSeconds() / 60;
        for (; minute < now; minute = now - minute > 60 ? now - 60 : minute + 1)
        {
            minutes[(int)((minute + 1) % 60)] = 0;
        }

        if (now > minute - 60)
        {
            minutes[(int)(now % 60)]++;
        }
    }

    public LogPattern Show()
    {
        var text = Text;
        var id = Checksum.Hash(Encoding.UTF8.GetBytes($"{service}\0{text}")).ToString("x16", CultureInfo.InvariantCulture);
        return new(id, service, text, severity, Count, first, Last, [.. Enumerable.Range(1, 60).Select(i => minutes[(int)((minute + i) % 60)])], example);
    }

    public void Write(ByteWriter into)
    {
        foreach (var text in (string[])[service, Text, example])
        {
            var bytes = Encoding.UTF8.GetBytes(text);
            into.Varint(bytes.Length);
            into.Bytes(bytes);
        }

        into.Varint(severity);
        into.Varint((ulong)Count);
        into.Zigzag(first.UtcTicks);
        into.Zigzag(Last.UtcTicks);
    }

    public static PatternGroup? Read(ref ByteCursor from)
    {
        var (service, text, example) = (Text(ref from), Text(ref from), Text(ref from));
        var (severity, count, first, last) = (from.Count(24), (long)from.Varint(), from.Zigzag(), from.Zigzag());
        return from.Failed || first < 0 || last < 0 || first > DateTime.MaxValue.Ticks || last > DateTime.MaxValue.Ticks
            ? null
            : new(service, text.Split(' ', StringSplitOptions.RemoveEmptyEntries), new(first, TimeSpan.Zero))
            {
                severity = severity, Count = count, Last = new(last, TimeSpan.Zero), example = example, minute = new DateTimeOffset(last, TimeSpan.Zero).ToUnixTimeSeconds() / 60,
            };

        static string Text(ref ByteCursor from) => Encoding.UTF8.GetString(from.Bytes(from.Items()));
    }
}
