using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Kinds.State;
using Mainstay.State.Decide;

namespace Mainstay.Host.Api.Config;

/// <summary>
/// What readers of configuration see: made once per change, name space and environment, whoever asks; and who runs which version. Who waits is told as soon as the mirror has a publish.
/// </summary>
public sealed class ConfigReads
{
    static readonly TimeSpan Remembered = TimeSpan.FromMinutes(2);
    const int MostReaders = 10_000;
    const int MostMade = 4096;

    readonly Mirror mirror;
    readonly TimeProvider time;
    readonly Lock gate = new();
    readonly Dictionary<(string Space, string Environment), ConfigPage> made = [];
    readonly Dictionary<(string Space, string Reader), ConfigReader> readers = [];
    TaskCompletionSource changed = New();

    public ConfigReads(Mirror mirror, TimeProvider time)
    {
        (this.mirror, this.time) = (mirror, time);
        // As long as the mirror: it is never given back.
        mirror.Subscribe(_ => 0, (before, after) =>
        {
            if ((after ?? before) is ConfigSpace)
            {
                Change();
            }
        });
    }

    /// <summary>The environment that is meant where none is named: the architecture's, else every one.</summary>
    public string DefaultEnvironment => mirror.Read(seen => seen.Get<Architecture>(Architecture.TheName)?.Environment) is { Length: > 0 } own && Names.IsValid(own) ? own : ConfigContent.Everywhere;

    /// <summary>What a name space comes to; null where there is none.</summary>
    public ConfigPage? Find(string space, string environment)
    {
        lock (gate)
        {
            if (made.TryGetValue((space, environment), out var known))
            {
                return known;
            }
        }

        Task before;
        lock (gate)
        {
            before = changed.Task;
        }

        var view = mirror.Read(seen => ConfigEffective.Of(space, environment, seen.Get<ConfigSpace>));
        var page = view is null ? null : ConfigPage.Of(space, environment, view);
        lock (gate)
        {
            // What changed since it was read makes it anew.
            if (page is not null && changed.Task == before && made.Count < MostMade)
            {
                made[(space, environment)] = page;
            }
        }

        return page;
    }

    /// <summary>The page once its tag is another than <paramref name="tag"/>, or as it is when the time is over.</summary>
    public async Task<ConfigPage?> WaitAsync(string space, string environment, string? tag, TimeSpan wait, CancellationToken stop)
    {
        var began = time.GetTimestamp();
        while (true)
        {
            Task next;
            lock (gate)
            {
                next = changed.Task;
            }

            var page = Find(space, environment);
            var left = wait - time.GetElapsedTime(began);
            if (page is null || page.Tag != tag || left <= TimeSpan.Zero)
            {
                return page;
            }

            await UntilAsync(next, left, stop);
        }
    }

    /// <summary>Waits until something is published, or the time is over.</summary>
    public async Task PauseAsync(TimeSpan wait, CancellationToken stop)
    {
        Task next;
        lock (gate)
        {
            next = changed.Task;
        }

        await UntilAsync(next, wait, stop);
    }

    async Task UntilAsync(Task next, TimeSpan wait, CancellationToken stop)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(stop);
        await Task.WhenAny(next, Task.Delay(wait, time, end.Token));
        await end.CancelAsync();
        stop.ThrowIfCancellationRequested();
    }

    /// <summary>A reader says what it runs.</summary>
    public void Note(string space, string reader, string environment, string tag, string address)
    {
        var now = time.GetUtcNow();
        lock (gate)
        {
            if (readers.Count >= MostReaders && !readers.ContainsKey((space, reader)))
            {
                foreach (var old in readers.Where(r => now - r.Value.SeenAt > Remembered).Select(r => r.Key).ToArray())
                {
                    readers.Remove(old);
                }
            }

            if (readers.Count < MostReaders || readers.ContainsKey((space, reader)))
            {
                readers[(space, reader)] = new(reader, environment, tag, now, address);
            }
        }
    }

    /// <summary>Who reads a name space, and what it runs. Who was not heard of for two minutes is left out.</summary>
    public IReadOnlyList<ConfigReader> ReadersOf(string space)
    {
        var since = time.GetUtcNow() - Remembered;
        lock (gate)
        {
            return [.. readers.Where(r => r.Key.Space == space && r.Value.SeenAt >= since).Select(r => r.Value).OrderBy(r => r.Reader, StringComparer.Ordinal)];
        }
    }

    void Change()
    {
        TaskCompletionSource passed;
        lock (gate)
        {
            made.Clear();
            (passed, changed) = (changed, New());
        }

        passed.TrySetResult();
    }

    static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}

/// <summary>What a name space comes to in an environment.</summary>
/// <param name="Space">The name space.</param>
/// <param name="Environment">The environment; <c>*</c> where none counts.</param>
/// <param name="Tag">Another one whenever something that it is made of is published.</param>
/// <param name="From">The version of every name space that it is made of.</param>
/// <param name="Values">By key, with where each comes from.</param>
public sealed record ConfigPage(string Space, string Environment, string Tag, IReadOnlyDictionary<string, int> From, IReadOnlyDictionary<string, ConfigValue> Values)
{
    byte[]? json;

    public static ConfigPage Of(string space, string environment, ConfigView view) =>
        new(space, environment, view.Tag, view.From.ToDictionary(f => f.Space, f => f.Version, StringComparer.Ordinal), view.Values);

    /// <summary>It as JSON, made once.</summary>
    public byte[] ToJson() => json ??= Codec.Encode(this);
}

/// <summary>A reader of a name space.</summary>
/// <param name="Reader">As it calls itself: an instance, for example.</param>
/// <param name="Environment">The environment that it reads.</param>
/// <param name="Tag">What it says it runs.</param>
/// <param name="SeenAt">When it was heard of last.</param>
/// <param name="Address">From where.</param>
public sealed record ConfigReader(string Reader, string Environment, string Tag, DateTimeOffset SeenAt, string Address);
