using Mainstay.Core.Store;
using Mainstay.Observe.Store.Metrics;
using Mainstay.State.Streams;

namespace Mainstay.Host.Api.State;

/// <summary>The event streams of this server: opened when they are first used, with their figures as samples every ten seconds.</summary>
public sealed class StreamHouse(ServerServices services)
{
    static readonly TimeSpan Every = TimeSpan.FromSeconds(10);

    readonly Lock opening = new();
    EventStreams? streams;
    bool closed;

    /// <summary>Why they cannot be opened; null where they can.</summary>
    public string? Trouble { get; private set; }

    string? Path => services.Data is { } data ? System.IO.Path.Combine(data, "state", "streams.db") : null;

    /// <summary>The streams, opened where they lie on the disk; null where nothing was ever appended, and where they cannot be opened.</summary>
    public EventStreams? Existing => Volatile.Read(ref streams) ?? (File.Exists(Path) ? Open() : null);

    /// <summary>The streams, made where there are none; null where they cannot be opened.</summary>
    public EventStreams? Open()
    {
        lock (opening)
        {
            if (streams is not null || closed)
            {
                return streams;
            }

            if (Path is not { } path)
            {
                Trouble = "this server has no data folder to keep events in";
                return null;
            }

            try
            {
                Volatile.Write(ref streams, EventStreams.Open(new() { Path = path, Time = services.Time }));
                Trouble = null;
            }
            catch (StoreUnavailableException unavailable)
            {
                Trouble = unavailable.Message;
                services.OnFault?.Invoke("streams", unavailable);
            }

            return streams;
        }
    }

    /// <summary>Copies all streams to a file that is not there; false where nothing was ever appended.</summary>
    public async Task<bool> CopyAsync(string path, CancellationToken stop)
    {
        if (Existing is not { } open)
        {
            return Trouble is null ? false : throw new StoreUnavailableException(Trouble);
        }

        await open.CopyAsync(path, stop);
        return true;
    }

    public async Task RunAsync(CancellationToken stop)
    {
        try
        {
            using var timer = new PeriodicTimer(Every, services.Time);
            while (await timer.WaitForNextTickAsync(stop))
            {
                // What is kept no more has to go also where nobody asks.
                if (Existing is { } open)
                {
                    await SampleAsync(open, stop);
                }
            }
        }
        finally
        {
            EventStreams? last;
            lock (opening)
            {
                (closed, last) = (true, streams);
            }

            if (last is not null)
            {
                await last.DisposeAsync();
            }
        }
    }

    async Task SampleAsync(EventStreams open, CancellationToken stop)
    {
        if (await open.FiguresAsync(stop) is not { } figures || await open.ReadersAsync(stop) is not { Readers: { } readers, Last: var last })
        {
            return;
        }

        var at = services.Time.GetUtcNow().ToUnixTimeMilliseconds();
        MetricSample Gauge(string name, string unit, double value, params (string, string)[] labels) => new(new(name, unit, MetricKind.Gauge, labels), value, at);
        services.Samples.Add(
        [
            Gauge("mainstay.stream.count", "{stream}", figures.Streams),
            Gauge("mainstay.stream.kept", "{event}", figures.Events),
            Gauge("mainstay.stream.bytes", "By", figures.Bytes),
            new(new("mainstay.stream.appended", "{event}", MetricKind.Counter), figures.Appended, at),
            new(new("mainstay.stream.conflicts", "{request}", MetricKind.Counter), figures.Conflicts, at),
            .. readers.Select(r => Gauge("mainstay.stream.behind", "{event}", last - r.Position, ("reader", r.Name))),
        ]);
    }
}
