using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Kinds.State;
using Mainstay.Schedule.Agent;

namespace Mainstay.Schedule.Drivers;

/// <summary>Whether a file was told of to its instance.</summary>
enum Telling
{
    /// <summary>It knows.</summary>
    Told,

    /// <summary>No process runs: the next one reads it as it starts.</summary>
    NotRunning,

    /// <summary>It is starting, and may not listen yet.</summary>
    NotYet,

    /// <summary>It could not be told.</summary>
    Failed,
}

/// <summary>
/// The files that this host's instances have of their configuration: written before each start, and whenever something is published that they are made of; then the instance is told. What could not be done is told to the server
/// and tried again. While no server answers, an instance starts again with the files that it had.
/// <list type="number">
/// <item>That the instance is to be told is on the disk before the file is in its place, so that it is told also where the agent ended between the two.</item>
/// <item>A file is replaced whole or not at all, and is not touched where its content is the same.</item>
/// </list>
/// </summary>
/// <param name="folder">Where they are.</param>
/// <param name="ask">Asks the server; null where there is none.</param>
/// <param name="time">The clock.</param>
sealed class InstanceFiles(DataFolder folder, Func<FilesAsk, CancellationToken, Task<FilesGiven>>? ask, TimeProvider time) : IDisposable
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    static readonly TimeSpan LongWait = TimeSpan.FromSeconds(20);
    static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);
    static readonly TimeSpan Look = TimeSpan.FromMilliseconds(500);

    readonly ConcurrentDictionary<string, Own> known = new(StringComparer.Ordinal);
    readonly SemaphoreSlim changed = new(0);

    /// <summary>Tells an instance that a file is another; with why where that failed.</summary>
    public required Func<string, ConfigHook, string, CancellationToken, Task<(Telling How, string Why)>> Tell { get; init; }

    /// <summary>Called with what went wrong inside.</summary>
    public Action<string, Exception> OnFault { get; init; } = static (_, _) => { };

    /// <summary>The variables that have the paths of an instance's files.</summary>
    public IEnumerable<KeyValuePair<string, string>> Of(Instance instance) =>
        (instance.Template.Files ?? new Dictionary<string, ConfigFile>()).Select(f => KeyValuePair.Create(f.Value.VariableOf(f.Key), PathOf(instance.Name, f.Key)));

    /// <summary>Takes up what an earlier run of the agent knew of an instance.</summary>
    public void Adopt(Instance instance)
    {
        if (instance.Template.Files is { Count: > 0 } files)
        {
            known.GetOrAdd(instance.Name, name => new(name, files, Read(name)));
            changed.Release();
        }
    }

    /// <summary>Has an instance's files in their places for its start; else says why not, and what to do.</summary>
    public async Task<string?> PrepareAsync(Instance instance, CancellationToken stop)
    {
        if (instance.Template.Files is not { Count: > 0 } files)
        {
            return null;
        }

        var own = known.GetOrAdd(instance.Name, name => new(name, files, Read(name)));
        await own.Turn.WaitAsync(stop);
        try
        {
            using var limit = new CancellationTokenSource(Patience, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, limit.Token);
            var given = ask is null ? new([]) : await ask(new() { Held = [.. files.Keys.Select(f => new FileHeld(instance.Name, f, null, own.Stands.GetValueOrDefault(f)?.Tag, null))] }, either.Token);
            return files.Select(f => given.Items.FirstOrDefault(i => i.Instance == instance.Name && i.File == f.Key) is { } item ? Begin(own, f.Value, item) : $"the server does not give its file {f.Key} yet; it is asked for again")
                .FirstOrDefault(why => why is not null);
        }
        catch (Exception fault) when (fault is HttpRequestException or IOException or JsonException || (fault is OperationCanceledException && !stop.IsCancellationRequested))
        {
            // A process that starts reads what is there: of that it need not be told.
            foreach (var file in files.Keys)
            {
                own.Stands[file] = (own.Stands.GetValueOrDefault(file) ?? new()) with { Due = false, Seen = null };
            }

            return files.Keys.All(f => File.Exists(PathOf(instance.Name, f))) ? null
                : $"the server does not give its files: {(fault is OperationCanceledException ? "no answer within 5s" : fault.Message)}; they are asked for again";
        }
        finally
        {
            own.Turn.Release();
            changed.Release();
        }
    }

    /// <summary>Forgets an instance's, with the files.</summary>
    public void Forget(string instance)
    {
        if (known.TryRemove(instance, out _))
        {
            changed.Release();
        }

        if (Directory.Exists(Path.Combine(folder.Files, instance)))
        {
            Directory.Delete(Path.Combine(folder.Files, instance), recursive: true);
        }

        // Where no instance ever had files, there is no folder for them.
        if (File.Exists(StandsOf(instance)))
        {
            File.Delete(StandsOf(instance));
        }
    }

    /// <summary>Follows publishes until stopped. Costs nothing while no instance has files.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested && ask is not null)
        {
            try
            {
                await OnceAsync(ask, stop);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
            }
            catch (Exception fault) when (fault is HttpRequestException or IOException or JsonException or OperationCanceledException)
            {
                await Task.Delay(Pause, time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    public void Dispose() => changed.Dispose();

    async Task OnceAsync(Func<FilesAsk, CancellationToken, Task<FilesGiven>> asking, CancellationToken stop)
    {
        while (await changed.WaitAsync(0, stop))
        {
            // All that changed until now is looked at below.
        }

        var now = time.GetUtcNow();
        FileHeld[] held = [.. known.Values.Where(o => !o.IsBusy).SelectMany(o => o.Held(now))];
        if (held.Length == 0)
        {
            await changed.WaitAsync(stop);
            return;
        }

        var wait = known.Values.Where(o => !o.IsBusy).SelectMany(o => o.Stands.Values).Select(s => s.Again - now).Append(LongWait).Min() is { } soonest && soonest > TimeSpan.Zero ? soonest : TimeSpan.Zero;
        using var over = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var answering = asking(new() { Held = held, Wait = wait }, over.Token);
        var other = changed.WaitAsync(over.Token);
        await Task.WhenAny(answering, other);
        var isOther = other.IsCompletedSuccessfully;
        if (!answering.IsCompleted)
        {
            await over.CancelAsync();
        }

        try
        {
            foreach (var own in (await answering).Items.GroupBy(i => i.Instance, StringComparer.Ordinal))
            {
                if (known.TryGetValue(own.Key, out var one))
                {
                    one.IsBusy = true;
                    _ = TakeAsync(one, [.. own], stop);
                }
            }
        }
        catch (OperationCanceledException) when (isOther && !stop.IsCancellationRequested)
        {
            // It is asked anew, with what is there now.
        }
        finally
        {
            await over.CancelAsync();
            await other.ContinueWith(static _ => { }, TaskScheduler.Default);
        }
    }

    async Task TakeAsync(Own own, FileGiven[] items, CancellationToken stop)
    {
        try
        {
            await own.Turn.WaitAsync(stop);
            try
            {
                foreach (var item in items.Where(i => own.Files.ContainsKey(i.File) && known.ContainsKey(own.Instance)))
                {
                    await TakeAsync(own, own.Files[item.File], item, stop);
                }
            }
            finally
            {
                own.Turn.Release();
            }
        }
        catch (OperationCanceledException)
        {
            // The agent ends: what is due is on the disk.
        }
        catch (Exception fault)
        {
            // A defect of one must not be asked for without end.
            foreach (var item in items)
            {
                own.Stands[item.File] = (own.Stands.GetValueOrDefault(item.File) ?? new()).Failed(item.Tag, fault.Message, time.GetUtcNow());
            }

            OnFault($"files of {own.Instance}", fault);
        }
        finally
        {
            if (!known.ContainsKey(own.Instance))
            {
                Forget(own.Instance);
            }

            own.IsBusy = false;
            try
            {
                changed.Release();
            }
            catch (ObjectDisposedException)
            {
                // Nobody asks any more.
            }
        }
    }

    async Task TakeAsync(Own own, ConfigFile file, FileGiven item, CancellationToken stop)
    {
        var before = own.Stands.GetValueOrDefault(item.File) ?? new();
        if (Write(own, file, item) is { } why)
        {
            own.Stands[item.File] = before.Failed(item.Tag, why, time.GetUtcNow());
            return;
        }

        before = own.Stands.GetValueOrDefault(item.File) ?? before;
        var (how, because) = file.OnChange is { } hook && before.Due ? await Tell(own.Instance, hook, item.Tag, stop) : (Telling.Told, "");
        own.Stands[item.File] = how switch
        {
            Telling.Failed => before.Failed(item.Tag, because, time.GetUtcNow()),
            Telling.NotYet => before.Wait(item.Tag, time.GetUtcNow() + Look),
            _ => before.Done(item.Tag),
        };
        Save(own);
    }

    // Before a start: who starts reads it.
    string? Begin(Own own, ConfigFile file, FileGiven item)
    {
        if (Write(own, file, item) is { } why)
        {
            return $"{item.File}: {why}";
        }

        own.Stands[item.File] = new FileStand().Done(item.Tag);
        Save(own);
        return null;
    }

    // What is wrong with it; null where it is in its place. An other content is due to be told, which is on the disk before.
    string? Write(Own own, ConfigFile file, FileGiven item)
    {
        if (item.Text is not { } text)
        {
            return item.Problem ?? "the server has no content of it";
        }

        var (path, bytes) = (PathOf(own.Instance, item.File), Encoding.UTF8.GetBytes(text));
        var mode = item.HasSecret || file.ModeBits() is not { } wanted ? UnixFileMode.UserRead | UnixFileMode.UserWrite : wanted;
        try
        {
            if (File.Exists(path) && new FileInfo(path).Length == bytes.Length && File.GetUnixFileMode(path) == mode && File.ReadAllBytes(path).AsSpan().SequenceEqual(bytes))
            {
                return null;
            }

            own.Stands[item.File] = (own.Stands.GetValueOrDefault(item.File) ?? new()) with { Due = true };
            Save(own);
            return Replace(path, bytes, mode, file.Owner);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return $"it cannot be written to {path}: {fault.Message}; free space or correct the permissions";
        }
    }

    // For nobody else's eyes before it has its owner and mode. The folder can be passed through, and not be listed.
    static string? Replace(string path, byte[] bytes, UnixFileMode mode, string? owner)
    {
        const UnixFileMode Own = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        Directory.CreateDirectory(Path.GetDirectoryName(path)!, Own | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
        // Outside of what names can be: no file of an instance has it.
        var beside = path + "~";
        File.Delete(beside);
        using (var stream = new FileStream(beside, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite }))
        {
            stream.Write(bytes);
        }

        if (owner is not null && FileOwner.Give(beside, owner) is { } why)
        {
            File.Delete(beside);
            return why;
        }

        File.SetUnixFileMode(beside, mode);
        File.Move(beside, path, overwrite: true);
        return null;
    }

    void Save(Own own)
    {
        Directory.CreateDirectory(folder.Files, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
        DataFolder.WriteAtomically(StandsOf(own.Instance), Codec.Encode(own.Stands.ToDictionary(s => s.Key, s => new Kept(s.Value.Tag, s.Value.Due), StringComparer.Ordinal)));
    }

    Dictionary<string, FileStand> Read(string instance)
    {
        try
        {
            return Codec.Decode<Dictionary<string, Kept>>(File.ReadAllBytes(StandsOf(instance))).ToDictionary(k => k.Key, k => new FileStand { Tag = k.Value.Tag, Due = k.Value.Due }, StringComparer.Ordinal);
        }
        catch (Exception fault) when (fault is IOException or JsonException or UnauthorizedAccessException)
        {
            return new(StringComparer.Ordinal);
        }
    }

    string PathOf(string instance, string file) => Path.Combine(folder.Files, instance, file);

    string StandsOf(string instance) => Path.Combine(folder.Files, instance + ".json");

    /// <summary>What the next run of the agent has to know.</summary>
    sealed record Kept(string? Tag, bool Due);

    /// <summary>The files of one instance.</summary>
    sealed class Own(string instance, IReadOnlyDictionary<string, ConfigFile> files, IReadOnlyDictionary<string, FileStand> stands)
    {
        public string Instance => instance;

        public IReadOnlyDictionary<string, ConfigFile> Files => files;

        /// <summary>One at a time writes its files.</summary>
        public SemaphoreSlim Turn { get; } = new(1);

        /// <summary>Whether an answer is being taken in: it is not asked for meanwhile.</summary>
        public volatile bool IsBusy;

        public ConcurrentDictionary<string, FileStand> Stands { get; } = new(stands, StringComparer.Ordinal);

        public IEnumerable<FileHeld> Held(DateTimeOffset now)
        {
            foreach (var file in files.Keys)
            {
                var stand = Stands[file] = (Stands.GetValueOrDefault(file) ?? new()).At(now);
                yield return new(instance, file, stand.Seen, stand.Tag, stand.Problem);
            }
        }
    }
}
