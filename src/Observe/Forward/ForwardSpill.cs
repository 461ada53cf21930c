using Mainstay.Core.Kinds.Observe;
using Mainstay.Observe.Store.Blocks;

namespace Mainstay.Observe.Forward;

/// <summary>
/// Requests of one signal that wait on disk, in order: what one run of the server could not send the next one does. A file goes when all of it has been taken; what was taken of a file before the server ended
/// is taken again. Safe for one who writes and one who takes.
/// </summary>
public sealed class ForwardSpill
{
    /// <summary>A request that is larger stays in memory.</summary>
    public const int MostRequest = 3 << 20;

    const string Prefix = "forward-";

    // What may come twice after a restart, and what goes at once where there is no room.
    const long FileBytes = 4 << 20;

    readonly Lock gate = new();
    readonly SegmentLog segments;
    readonly TimeProvider time;
    SegmentLog.Segment? reading;
    long at;

    /// <summary>Opens what is there.</summary>
    public ForwardSpill(IStoreFiles files, TelemetrySignal signal, TimeProvider time)
    {
        (this.time, segments) = (time, new(files, $"{Prefix}{signal.ToString().ToLowerInvariant()}-"));
        segments.Open(Now);
    }

    /// <summary>Of all files.</summary>
    public long Bytes
    {
        get
        {
            lock (gate)
            {
                return segments.Bytes;
            }
        }
    }

    long Now => time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>Deletes what waits of all signals.</summary>
    public static void Clear(IStoreFiles files)
    {
        foreach (var file in files.List().Where(f => f.Name.StartsWith(Prefix, StringComparison.Ordinal)))
        {
            files.Delete(file.Name);
        }
    }

    /// <summary>Puts a request at the end; false where it could not be written.</summary>
    public bool Append(byte[] request)
    {
        lock (gate)
        {
            var isWhole = segments.Append(request, Now);
            if (segments.Current?.Bytes >= FileBytes)
            {
                segments.Roll();
            }

            return isWhole;
        }
    }

    /// <summary>Takes the oldest requests, joined, as many as fit, at least one; null where nothing waits. What was taken before counts as done.</summary>
    public byte[]? Take(int fit)
    {
        lock (gate)
        {
            while (true)
            {
                if (reading is null)
                {
                    if (segments.Oldest is null)
                    {
                        segments.Roll();
                    }

                    if (segments.Oldest is null)
                    {
                        return null;
                    }

                    (reading, at) = (segments.Oldest, 0);
                }

                if (Joined(fit) is { } request)
                {
                    return request;
                }

                segments.DropOldest();
                reading = null;
            }
        }
    }

    /// <summary>Deletes the oldest files until the rest is within a bound; gives how many bytes that were.</summary>
    public long Trim(long most)
    {
        lock (gate)
        {
            var before = segments.Bytes;
            while (segments.Bytes > most && (segments.Oldest is not null || segments.Current is not null))
            {
                if (segments.Oldest is null)
                {
                    segments.Roll();
                }

                reading = reading == segments.Oldest ? null : reading;
                segments.DropOldest();
            }

            return before - segments.Bytes;
        }
    }

    byte[]? Joined(int fit)
    {
        var (joined, next) = (segments.Read(reading!, ref at), at);
        while (joined is not null && segments.Read(reading!, ref next) is { } more && joined.Length + more.Length <= fit)
        {
            (joined, at) = ([.. joined, .. more], next);
        }

        return joined;
    }
}
