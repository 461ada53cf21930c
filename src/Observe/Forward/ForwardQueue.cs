using Mainstay.Core.Kinds.Observe;

namespace Mainstay.Observe.Forward;

/// <summary>What became of requests of one signal.</summary>
/// <param name="Sent">Bytes that were taken.</param>
/// <param name="Refused">Bytes that were refused for good.</param>
/// <param name="Dropped">Bytes that made room for newer ones.</param>
/// <param name="Failures">Attempts that failed and are made again.</param>
public readonly record struct ForwardFigures(long Sent, long Refused, long Dropped, long Failures);

/// <summary>
/// Requests of OTLP that wait to be sent on, in order, a line for each signal, all within one bound: where it is reached the oldest of the longest line is dropped and
/// counted. Requests of a signal are joined before they are sent: one after the other they are one request with all that is in them.
/// Where there is a place on disk, what waits while the other side takes nothing goes there at the next <see cref="Tick"/>, and beyond its bound the oldest there is dropped and counted.
/// </summary>
/// <param name="most">For all that waits in memory and all that is under way, in bytes.</param>
/// <param name="signals">What is taken.</param>
/// <param name="spill">The place on disk of a signal; null where there is none.</param>
/// <param name="mostOnDisk">For all that waits there, in bytes; each signal may have an equal part.</param>
public sealed class ForwardQueue(long most, IReadOnlyCollection<TelemetrySignal> signals, Func<TelemetrySignal, ForwardSpill?>? spill = null, long mostOnDisk = 0)
{
    // A full disk is tried again after 30 s.
    const int TicksAfterFull = 120;

    readonly Lock gate = new();
    readonly Line?[] lines = [.. Enum.GetValues<TelemetrySignal>().Select(s => signals.Contains(s) ? new Line(spill?.Invoke(s)) : null)];
    long bytes;

    /// <summary>Waiting and under way.</summary>
    public long Bytes => Volatile.Read(ref bytes);

    /// <summary>What waits on disk, in bytes.</summary>
    public long BytesOnDisk => lines.Sum(l => l?.Spill?.Bytes ?? 0);

    public bool Wants(TelemetrySignal signal) => lines[(int)signal] is not null;

    public ForwardFigures FiguresOf(TelemetrySignal signal)
    {
        lock (gate)
        {
            return lines[(int)signal]?.Figures ?? default;
        }
    }

    /// <summary>Puts a request in line. One that is larger than the whole bound is dropped.</summary>
    public void Add(TelemetrySignal signal, byte[] request)
    {
        TaskCompletionSource? waiter = null;
        lock (gate)
        {
            if (lines[(int)signal] is not { } line || request.Length == 0)
            {
                return;
            }

            while (bytes + request.Length > most && Longest() is { } full)
            {
                var gone = full.Waiting.Dequeue();
                full.Bytes -= gone.Length;
                full.Figures = full.Figures with { Dropped = full.Figures.Dropped + gone.Length };
                bytes -= gone.Length;
            }

            if (bytes + request.Length > most)
            {
                line.Figures = line.Figures with { Dropped = line.Figures.Dropped + request.Length };
                return;
            }

            line.Waiting.Enqueue(request);
            line.Bytes += request.Length;
            bytes += request.Length;
            (waiter, line.Waiter) = (line.Waiter, null);
        }

        waiter?.SetResult();
    }

    /// <summary>Waits for requests and takes as many as fit, joined; at least one. They count until <see cref="Sent"/> or <see cref="Refused"/>. One caller per signal.</summary>
    public async Task<byte[]> TakeAsync(TelemetrySignal signal, int fit, CancellationToken stop)
    {
        while (true)
        {
            Task wait;
            lock (gate)
            {
                var line = lines[(int)signal] ?? throw new InvalidOperationException($"{signal} is not sent on");
                // What lies on disk came first.
                if (line.Spill?.Take(fit) is { } spilled)
                {
                    bytes += spilled.Length;
                    return spilled;
                }

                if (line.Waiting.Count > 0)
                {
                    return Join(line, fit);
                }

                line.Waiter = new(TaskCreationOptions.RunContinuationsAsynchronously);
                wait = line.Waiter.Task;
            }

            await wait.WaitAsync(stop);
        }
    }

    /// <summary>What was taken has arrived.</summary>
    public void Sent(TelemetrySignal signal, int length) => Done(signal, length, f => f with { Sent = f.Sent + length }, isFailing: false);

    /// <summary>What was taken was refused for good.</summary>
    public void Refused(TelemetrySignal signal, int length) => Done(signal, length, f => f with { Refused = f.Refused + length }, isFailing: false);

    /// <summary>An attempt has failed, and another one will be made.</summary>
    public void Failed(TelemetrySignal signal) => Done(signal, 0, f => f with { Failures = f.Failures + 1 }, isFailing: true);

    /// <summary>What was taken was neither sent nor refused when sending ended: it waits again.</summary>
    public void Back(TelemetrySignal signal, byte[] request)
    {
        Done(signal, request.Length, f => f, isFailing: true);
        Add(signal, request);
    }

    /// <summary>Moves to disk what waits where the other side takes nothing, and drops there what is beyond the bound. One caller at a time.</summary>
    /// <param name="all">Whether to move also what is about to be sent, because the process ends.</param>
    public void Tick(bool all = false)
    {
        foreach (var line in lines)
        {
            if (line?.Spill is not { } place || (line.Pause > 0 && !all))
            {
                _ = line is null ? 0 : line.Pause--;
                continue;
            }

            // What comes later waits behind what lies there already.
            var isMoved = all || Volatile.Read(ref line.IsFailing) || Bytes > most / 2 || place.Bytes > 0;
            while (isMoved && Next(line) is { } request)
            {
                if (!place.Append(request))
                {
                    // A full disk: it waits in memory, as long as there is room.
                    Return(line, request);
                    line.Pause = TicksAfterFull;
                    break;
                }
            }

            var dropped = place.Trim(mostOnDisk / signals.Count);
            if (dropped > 0)
            {
                lock (gate)
                {
                    line.Figures = line.Figures with { Dropped = line.Figures.Dropped + dropped };
                }
            }
        }
    }

    byte[]? Next(Line line)
    {
        lock (gate)
        {
            if (!line.Waiting.TryPeek(out var request) || request.Length > ForwardSpill.MostRequest)
            {
                return null;
            }

            line.Waiting.Dequeue();
            line.Bytes -= request.Length;
            bytes -= request.Length;
            return request;
        }
    }

    void Return(Line line, byte[] request)
    {
        lock (gate)
        {
            line.Waiting.Enqueue(request);
            line.Bytes += request.Length;
            bytes += request.Length;
        }
    }

    void Done(TelemetrySignal signal, int length, Func<ForwardFigures, ForwardFigures> count, bool isFailing)
    {
        lock (gate)
        {
            bytes -= length;
            var line = lines[(int)signal]!;
            line.Figures = count(line.Figures);
            line.IsFailing = isFailing;
        }
    }

    Line? Longest() => lines.Where(l => l is { Waiting.Count: > 0 }).MaxBy(l => l!.Bytes);

    static byte[] Join(Line line, int fit)
    {
        var parts = new List<byte[]> { line.Waiting.Dequeue() };
        var length = parts[0].Length;
        while (line.Waiting.TryPeek(out var next) && length + next.Length <= fit)
        {
            parts.Add(line.Waiting.Dequeue());
            length += next.Length;
        }

        line.Bytes -= length;
        if (parts.Count == 1)
        {
            return parts[0];
        }

        var joined = new byte[length];
        var at = 0;
        foreach (var part in parts)
        {
            part.CopyTo(joined, at);
            at += part.Length;
        }

        return joined;
    }

    sealed class Line(ForwardSpill? spill)
    {
        /// <summary>The last attempt has failed.</summary>
        public bool IsFailing;

        /// <summary>So many ticks it is not tried to write to disk.</summary>
        public int Pause { get; set; }

        public ForwardSpill? Spill => spill;

        public Queue<byte[]> Waiting { get; } = new();

        public long Bytes { get; set; }

        public ForwardFigures Figures { get; set; }

        public TaskCompletionSource? Waiter { get; set; }
    }
}
