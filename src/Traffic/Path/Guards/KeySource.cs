using Mainstay.Traffic.Drivers;
using Mainstay.Traffic.Policies;

namespace Mainstay.Traffic.Path.Guards;

/// <summary>
/// Something that guards judge by and that changes while the gateway runs: looked at in the background, read by the path as one reference.
/// What was good last stays when its source fails.
/// </summary>
internal abstract class KeySource<T>(string place) : IBeating
    where T : class
{
    private volatile T? current;
    private volatile string? problem;

    public string Place { get; } = place;

    /// <summary>What counts now; null while there is nothing yet.</summary>
    public T? Current => current;

    /// <summary>Why the source is of no use at the moment; null where it is.</summary>
    public string? Problem => problem;

    /// <summary>Called about ten times a second.</summary>
    public abstract void Beat(long nowMs);

    /// <summary>Begins to look for what is new, if that has not been done a moment ago; null where it has.</summary>
    public virtual Task? LookAgain(long nowMs) => null;

    protected void Take((T? Value, string? Problem) read)
    {
        if (read.Value is not null) current = read.Value;
        problem = read.Problem;
    }
}

/// <summary>A file or variable, looked at each second.</summary>
internal sealed class FileSource<T> : KeySource<T>
    where T : class
{
    private const int BeatsPerLook = 10;

    private readonly SecretReader reader;
    private readonly Func<ReadOnlyMemory<byte>, (T? Value, string? Problem)> read;
    private int beats;
    private int isLooking;

    /// <summary>Reads it once here, where a table is compiled and not on the path.</summary>
    public FileSource(string place, bool isPublic, Func<ReadOnlyMemory<byte>, (T? Value, string? Problem)> read)
        : base(place)
    {
        reader = new SecretReader(place, isPublic);
        this.read = read;
        Look();
    }

    public override void Beat(long nowMs)
    {
        if (++beats % BeatsPerLook != 0 || Interlocked.Exchange(ref isLooking, 1) != 0) return;
        // The heartbeat has no time for a disk.
        ThreadPool.UnsafeQueueUserWorkItem(static source => source.LookInTurn(), this, preferLocal: false);
    }

    private void LookInTurn()
    {
        if (reader.HasChanged()) Look();
        Volatile.Write(ref isLooking, 0);
    }

    private void Look()
    {
        var (content, problem) = reader.Read();
        if (content is null)
        {
            Take((null, problem));
            return;
        }
        var (value, wrong) = read(content);
        Take((value, wrong is null ? null : $"{Place}: {wrong}"));
    }
}

/// <summary>A JWKS behind a URL: fetched at first, when it has grown old, and when a token names a key that it does not have.</summary>
internal sealed class JwksSource(string url, TimeSpan refresh) : KeySource<KeySet>(url)
{
    /// <summary>The least time between two fetches, whoever asks for them.</summary>
    public const long LeastMs = 10_000;

    // The first keys are waited for by requests; a source that is just starting too is asked again soon.
    private const long FirstMs = 500;

    private readonly JwksFetcher fetcher = new(new Uri(url));
    private readonly Lock gate = new();
    private Task fetching = Task.CompletedTask;
    private long begunMs = long.MinValue;
    private long nextMs = long.MinValue;
    private int failures;

    public override void Beat(long nowMs)
    {
        if (nowMs >= Volatile.Read(ref nextMs)) Begin(nowMs, 0);
    }

    public override Task? LookAgain(long nowMs) => Begin(nowMs, Current is null ? FirstMs : LeastMs);

    private Task? Begin(long nowMs, long leastMs)
    {
        lock (gate)
        {
            if (!fetching.IsCompleted) return fetching;
            if (begunMs != long.MinValue && nowMs - begunMs < leastMs) return null;
            begunMs = nowMs;
            nextMs = nowMs + (long)refresh.TotalMilliseconds;
            return fetching = Task.Run(() => FetchAsync(nowMs));
        }
    }

    private async Task FetchAsync(long nowMs)
    {
        var (content, problem) = await fetcher.FetchAsync();
        if (content is not null)
        {
            var read = KeySet.ReadPublic(content);
            if (read.Set is null) fetcher.Forget();
            problem = read.Problem is null ? null : $"{Place}: {read.Problem}";
            Take((read.Set, problem));
        }
        else
        {
            Take((null, problem));
        }
        failures = problem is null ? 0 : failures + 1;
        if (problem is null) return;
        var wait = Math.Min(LeastMs, FirstMs << Math.Min(failures - 1, 5));
        lock (gate) nextMs = Math.Min(nextMs, nowMs + wait);
    }
}
