using System.Globalization;
using System.Text;

namespace Mainstay.Schedule.Drivers.Containers;

/// <summary>
/// Appends what a container writes to the files that a process would append to. The time of the last line that was written, and how many lines had that time (Podman tells
/// whole seconds), are kept in a file, so that the next run of us goes on there; what was written in the second before a <c>kill -9</c> of us may come twice.
/// </summary>
sealed class ContainerLog(EngineClient engine, string positionFile, TimeProvider time)
{
    static readonly TimeSpan Save = TimeSpan.FromSeconds(1);

    /// <summary>Follows the container until it ends or <paramref name="stop"/>. Throws what the engine and the disk throw.</summary>
    public async Task FollowAsync(string id, string output, string error, CancellationToken stop)
    {
        var (last, count) = Position();
        var (before, skip) = (last, count);
        var saved = time.GetTimestamp();
        using var frames = await engine.LogsAsync(id, last == default ? null : last, stop);
        await using var outFile = Append(output);
        await using var errorFile = Append(error);
        try
        {
            while (await EngineFrames.ReadAsync(frames, stop) is var (isError, content))
            {
                var at = TimeOf(content, out var text) ?? last;
                if (at < before || (at == before && skip-- > 0))
                {
                    continue;
                }

                // Whole or not at all: what counts as written is written.
                await (isError ? errorFile : outFile).WriteAsync(content.AsMemory(text), CancellationToken.None);
                (last, count) = (at, at == last ? count + 1 : 1);
                if (time.GetElapsedTime(saved) >= Save)
                {
                    saved = time.GetTimestamp();
                    Keep(last, count);
                }
            }
        }
        finally
        {
            Keep(last, count);
        }
    }

    public void Forget() => File.Delete(positionFile);

    static FileStream Append(string path) => new(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0, useAsync: true);

    // "2026-01-01T00:00:00.123456789Z text"; gives where the text begins.
    static DateTimeOffset? TimeOf(byte[] content, out int text)
    {
        text = 0;
        var space = content.AsSpan().IndexOf((byte)' ');
        if (space is < 20 or > 40)
        {
            return null;
        }

        var words = Encoding.ASCII.GetString(content, 0, space);
        var dot = words.IndexOf('.', StringComparison.Ordinal);
        if (dot > 0)
        {
            // .NET reads seven digits of a second, the engine writes up to nine.
            var end = dot + 1;
            while (end < words.Length && char.IsAsciiDigit(words[end]))
            {
                end++;
            }

            words = words[..Math.Min(end, dot + 8)] + words[end..];
        }

        if (!DateTimeOffset.TryParse(words, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at))
        {
            return null;
        }

        text = space + 1;
        return at;
    }

    (DateTimeOffset Last, int Count) Position()
    {
        try
        {
            return File.ReadAllText(positionFile).Split(' ') is [var time, var number]
                && DateTimeOffset.TryParse(time, CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind, out var at) && int.TryParse(number, CultureInfo.InvariantCulture, out var count)
                ? (at, count) : default;
        }
        catch (IOException)
        {
            return default;
        }
    }

    void Keep(DateTimeOffset last, int count) =>
        DataFolder.WriteAtomically(positionFile, Encoding.ASCII.GetBytes($"{last.ToString("O", CultureInfo.InvariantCulture)} {count.ToString(CultureInfo.InvariantCulture)}"));
}
