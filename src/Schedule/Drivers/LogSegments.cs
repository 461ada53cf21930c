using System.Globalization;
using System.Text;

namespace Mainstay.Schedule.Drivers;

/// <summary>The numbered files of a log, oldest first.</summary>
static class LogSegments
{
    const int BlockBytes = 64 << 10;

    public static string PathOf(string folder, int number) => Path.Combine(folder, number.ToString(CultureInfo.InvariantCulture) + ".log");

    /// <summary>The numbers of the segments that exist, ascending; none where the folder does not exist.</summary>
    public static IReadOnlyList<int> In(string folder)
    {
        try
        {
            return [.. Directory.EnumerateFiles(folder, "*.log")
                .Select(path => int.TryParse(Path.GetFileNameWithoutExtension(path), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0)
                .Where(number => number > 0)
                .Order()];
        }
        catch (DirectoryNotFoundException)
        {
            return [];
        }
    }

    /// <summary>The last <paramref name="count"/> lines, and where they end.</summary>
    public static (IReadOnlyList<LogLine> Lines, LogCursor End) Tail(string folder, int count)
    {
        var name = Path.GetFileName(folder);
        var lines = new List<LogLine>();
        var end = new LogCursor(0, 0);
        foreach (var number in In(folder).Reverse())
        {
            var bytes = TailBytes(PathOf(folder, number), count - lines.Count, out var length);
            end = end.Segment == 0 ? new(number, length) : end;
            lines.InsertRange(0, Parse(bytes, name));
            if (lines.Count >= count)
            {
                break;
            }
        }

        return (lines[Math.Max(0, lines.Count - count)..], end);
    }

    /// <summary>The whole lines after <paramref name="from"/>, and where they end. A segment that was rotated away meanwhile is passed over.</summary>
    public static (IReadOnlyList<LogLine> Lines, LogCursor End) After(string folder, LogCursor from)
    {
        var name = Path.GetFileName(folder);
        var lines = new List<LogLine>();
        foreach (var number in In(folder).Where(n => n >= from.Segment))
        {
            var offset = number == from.Segment ? from.Offset : 0;
            var bytes = Read(PathOf(folder, number), offset);
            lines.AddRange(Parse(bytes, name));
            from = new(number, offset + bytes.Length);
        }

        return (lines, from);
    }

    static byte[] Read(string path, long offset) => Piece(path, offset, long.MaxValue);

    /// <summary>Whole lines from a place on, at most so many bytes; none where the file is gone.</summary>
    public static byte[] Piece(string path, long offset, long most)
    {
        try
        {
            using var file = File.OpenHandle(path, share: FileShare.ReadWrite | FileShare.Delete);
            var bytes = new byte[Math.Clamp(RandomAccess.GetLength(file) - offset, 0, most)];
            var count = RandomAccess.Read(file, bytes, offset);
            return bytes[..(bytes.AsSpan(0, count).LastIndexOf((byte)'\n') + 1)];
        }
        catch (FileNotFoundException)
        {
            return [];
        }
    }

    // Whole lines from the end of the file, at least so many where there are.
    static byte[] TailBytes(string path, int lines, out long length)
    {
        length = 0;
        try
        {
            using var file = File.OpenHandle(path, share: FileShare.ReadWrite | FileShare.Delete);
            var end = RandomAccess.GetLength(file);
            for (var start = Math.Max(0, end - BlockBytes); ; start = Math.Max(0, start - ((end - start) * 3)))
            {
                var bytes = new byte[end - start];
                var count = RandomAccess.Read(file, bytes, start);
                var last = bytes.AsSpan(0, count).LastIndexOf((byte)'\n') + 1;
                var first = start == 0 ? 0 : bytes.AsSpan(0, last).IndexOf((byte)'\n') + 1;
                if (start == 0 || bytes.AsSpan(first, Math.Max(0, last - first)).Count((byte)'\n') >= lines)
                {
                    length = start + last;
                    return bytes[first..last];
                }
            }
        }
        catch (FileNotFoundException)
        {
            return [];
        }
    }

    /// <summary>Lines as they lie in a file.</summary>
    public static IEnumerable<LogLine> Parse(byte[] bytes, string name)
    {
        foreach (var text in Encoding.UTF8.GetString(bytes).Split('\n')[..^1])
        {
            var mark = text.IndexOf(' ', StringComparison.Ordinal);
            if (mark > 0 && text.Length >= mark + 3 && long.TryParse(text.AsSpan(0, mark), CultureInfo.InvariantCulture, out var at))
            {
                yield return new(DateTimeOffset.FromUnixTimeMilliseconds(at), name, text[mark + 1] == 'e' ? "err" : "out", text[(mark + 3)..]);
            }
        }
    }
}

/// <summary>A place in a log.</summary>
readonly record struct LogCursor(int Segment, long Offset);

/// <summary>A line that an instance or build wrote.</summary>
/// <param name="At">When the agent read it, to the millisecond.</param>
/// <param name="Instance">The instance, or the build.</param>
/// <param name="Stream"><c>out</c> or <c>err</c>.</param>
/// <param name="Text">Without its end; bytes that are not UTF-8 are replaced.</param>
public sealed record LogLine(DateTimeOffset At, string Instance, string Stream, string Text);
