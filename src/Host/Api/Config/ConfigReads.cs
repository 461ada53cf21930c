using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Kinds.State;

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
    readonly Dictionary<(string Space, string Environment, string Staged), ConfigPage> made = [];
    readonly Dictionary<(string Space, string Reader), ConfigReader> readers = [];
    readonly HashSet<string> under = new(StringComparer.Ordinal);
    volatile bool staging;
    TaskCompletionSource changed = New();

    public ConfigReads(Mirror mirror, TimeProvider time)
    {
        (this.mirror, this.time) = (mirror, time);
        // As long as the mirror: it is never given back.
        var (first, _) = mirror.Subscribe(seen => seen.All<ConfigSpace>().Where(s => s.Staged is not null).Select(s => s.Name).ToArray(), (before, after) =>
        {
            if ((after ?? before) is ConfigSpace changed)
            {
                Change(changed.Name, after is ConfigSpace { Staged: not null });
            }
        });
        under.UnionWith(first);
        staging = under.Count > 0;
    }

    /// <summary>The environment that is meant where none is named: the architecture's, else every one.</summary>
    public string DefaultEnvironment => mirror.Read(seen => seen.Get<Architecture>(Architecture.TheName)?.Environment) is { Length: > 0 } own && Names.IsValid(own) ? own : ConfigContent.Everywhere;

    /// <summary>Who a reader is: what it says, and what is known of the instance and host of its name.</summary>
    public ConfigReaderIdentity Known(ConfigReaderName reader) => mirror.Read(seen =>
    {
        var host = seen.Get<Instance>(reader.Name)?.Host ?? "";
        var all = new Dictionary<string, string>(seen.Get<Core.Kinds.Schedule.Host>(host)?.Labels ?? new Dictionary<string, string>(), StringComparer.Ordinal);
        foreach (var (key, value) in reader.Labels ?? new Dictionary<string, string>())
        {
            all[key] = value;
        }

        return new ConfigReaderIdentity(reader.Name, host, all);
    });

    /// <summary>What a name space comes to for a reader, for nobody in particular where it is null; null where there is none.</summary>
    public ConfigPage? Find(string space, string environment, ConfigReaderName? who = null)
    {
        var staged = who is null || !staging ? "" : StagedFor(space, Known(who));
        lock (gate)
        {
            if (made.TryGetValue((space, environment, staged), out var known))
            {
                return known;
            }
        }

        var before = Next();
        var names = staged.Split(' ');
        var view = mirror.Read(seen => ConfigEffective.Of(space, environment, name => seen.Get<ConfigSpace>(name) is { Staged: { } one } under && names.Contains($"{name}.{one.Number}", StringComparer.Ordinal)
            ? under with { Version = one.Number, Content = one.Content } : seen.Get<ConfigSpace>(name)));
        var page = view is null ? null : ConfigPage.Of(space, environment, view);
        lock (gate)
        {
            // What changed since it was read makes it anew.
            if (page is not null && changed.Task == before && made.Count < MostMade)
            {
                made[(space, environment, staged)] = page;
            }
        }

        return page;
    }

    /// <summary>The page once its tag is another than <paramref name="tag"/>, or as it is when the time is over.</summary>
    public async Task<ConfigPage?> WaitAsync(string space, string environment, ConfigReaderName? who, string? tag, TimeSpan wait, CancellationToken stop)
    {
        var began = time.GetTimestamp();
        while (true)
        {
            var next = Next();
            var page = Find(space, environment, who);
            var left = wait - time.GetElapsedTime(began);
            if (page is null || page.Tag != tag || left <= TimeSpan.Zero)
            {
                return page;
            }

            await UntilAsync(next, left, stop);
        }
    }

    /// <summary>Completes with the next publish. To be asked for before it is looked at what is there.</summary>
    public Task Next()
    {
        lock (gate)
        {
            return changed.Task;
        }
    }

    /// <summary>Waits until something is published, or the time is over.</summary>
    public Task PauseAsync(TimeSpan wait, CancellationToken stop) => UntilAsync(Next(), wait, stop);

    /// <summary>Waits for what <see cref="Next"/> gave, or until the time is over.</summary>
    public async Task UntilAsync(Task next, TimeSpan wait, CancellationToken stop)
    {
        // A thousand wake at the same moment: each by one continuation, with nothing to give up that others wait for.
        await next.WaitAsync(wait, time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        stop.ThrowIfCancellationRequested();
    }

    /// <summary>A reader says what it runs.</summary>
    /// <param name="space">What it reads.</param>
    /// <param name="reader">Who it is.</param>
    /// <param name="environment">Whose overlay.</param>
    /// <param name="tag">What it runs.</param>
    /// <param name="address">Where it is.</param>
    /// <param name="problem">Why it does not run what is published; null where nothing stands against it.</param>
    /// <returns>Whether the problem is news.</returns>
    public bool Note(string space, ConfigReaderName reader, string environment, string tag, string address, string? problem = null)
    {
        var now = time.GetUtcNow();
        lock (gate)
        {
            var known = readers.GetValueOrDefault((space, reader.Name))?.Problem;
            if (readers.Count >= MostReaders && !readers.ContainsKey((space, reader.Name)))
            {
                foreach (var old in readers.Where(r => now - r.Value.SeenAt > Remembered).Select(r => r.Key).ToArray())
                {
                    readers.Remove(old);
                }
            }

            if (readers.Count < MostReaders || readers.ContainsKey((space, reader.Name)))
            {
                readers[(space, reader.Name)] = new(reader.Name, environment, tag, now, address) { Who = reader, Problem = problem };
            }

            return problem is not null && problem != known;
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

    // The staged ones that a reader has of what a name space is made of.
    string StagedFor(string space, ConfigReaderIdentity who) => mirror.Read(seen => string.Join(
        ' ', ConfigEffective.ChainOf(space, seen.Get<ConfigSpace>).Where(s => s.Staged is { } staged && ConfigRanks.Takes(staged, s.Name, who)).Select(s => $"{s.Name}.{s.Staged!.Number}")));

    /// <summary>The instances that have a name space in their environment, each with the versions that it was started with.</summary>
    public IReadOnlyList<ConfigReaderView> Given(string space)
    {
        var (now, usual) = (time.GetUtcNow(), DefaultEnvironment);
        return mirror.Read(seen => seen.All<Service>().Where(s => !s.Removed && s.Spec.Config?.Space == space).SelectMany(s => seen.Group<Instance>(s.Name)
            .Where(i => i.Goal == InstanceGoal.Run && i.Template.Env.ContainsKey(ConfigSettings.TagVariable))
            .Select(i => new ConfigReader(i.Name, s.Spec.Config!.Environment ?? usual, i.Template.Env[ConfigSettings.TagVariable], now, i.Host))
            .Select(r => new ConfigReaderView(r, r.Tag == s.Settings?.Tag, IsStaged: false))).OrderBy(v => v.Reader.Reader, StringComparer.Ordinal).ToArray());
    }

    /// <summary>Who reads any name space, with which one.</summary>
    public IReadOnlyList<(string Space, ConfigReader Reader)> Readers()
    {
        var since = time.GetUtcNow() - Remembered;
        lock (gate)
        {
            return [.. readers.Where(r => r.Value.SeenAt >= since).Select(r => (r.Key.Space, r.Value))];
        }
    }

    void Change(string space, bool isStaged)
    {
        TaskCompletionSource passed;
        lock (gate)
        {
            _ = isStaged ? under.Add(space) : under.Remove(space);
            made.Clear();
            staging = under.Count > 0;
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
        new(space, environment, view.Tag, view.From.ToDictionary(f => f.Space, f => f.Version, StringComparer.Ordinal), view.Values) { Items = view.Items };

    /// <summary>What each declared key may be set to.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public IReadOnlyDictionary<string, ConfigItem> Items { get; init; } = new Dictionary<string, ConfigItem>();

    /// <summary>It as JSON, made once.</summary>
    public byte[] ToJson() => json ??= Codec.Encode(this);
}

/// <summary>What a reader says of itself.</summary>
/// <param name="Name">What it calls itself.</param>
/// <param name="Labels">Beside those of its host; null for none.</param>
public sealed record ConfigReaderName(string Name, IReadOnlyDictionary<string, string>? Labels);

/// <summary>A reader of a name space.</summary>
/// <param name="Reader">As it calls itself: an instance, for example.</param>
/// <param name="Environment">The environment that it reads.</param>
/// <param name="Tag">What it says it runs.</param>
/// <param name="SeenAt">When it was heard of last.</param>
/// <param name="Address">From where.</param>
public sealed record ConfigReader(string Reader, string Environment, string Tag, DateTimeOffset SeenAt, string Address)
{
    /// <summary>As far as it decides about staged publishes.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public ConfigReaderName? Who { get; init; }

    /// <summary>Why it does not run what is published; null where nothing stands against it.</summary>
    public string? Problem { get; init; }
}
