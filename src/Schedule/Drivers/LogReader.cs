using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace Mainstay.Schedule.Drivers;

/// <summary>
/// Reads the logs below a folder, <c>logs/instances</c> or <c>logs/builds</c>, while the agent writes them. Lines come in the order of their times;
/// following survives rotation and sees instances that are made later.
/// </summary>
public sealed class LogReader(string folder)
{
    /// <summary>The logs of instances below a data folder.</summary>
    public static LogReader OfInstances(string data) => new(Path.Combine(data, "logs", "instances"));

    /// <summary>The logs of builds below a data folder.</summary>
    public static LogReader OfBuilds(string data) => new(Path.Combine(data, "logs", "builds"));

    /// <summary>Selects the instances of a service: their names are the service's, <c>-</c> and a number.</summary>
    public static Func<string, bool> ServiceIs(string service) => name =>
        name.Length > service.Length + 1 && name.StartsWith(service, StringComparison.Ordinal) && name[service.Length] == '-'
        && name.AsSpan(service.Length + 1).IndexOfAnyExceptInRange('0', '9') < 0;

    /// <summary>Selects the tasks of a job's run: their names are the run's, a dot, the index, a dot and the try.</summary>
    public static Func<string, bool> RunIs(string run) => name =>
        name.Length > run.Length + 1 && name.StartsWith(run, StringComparison.Ordinal) && name[run.Length] == '.';

    /// <summary>Selects one instance or build.</summary>
    public static Func<string, bool> NameIs(string wanted) => name => name == wanted;

    /// <summary>The last <paramref name="tail"/> lines of all that are selected, merged by time; then, with <paramref name="follow"/>, what comes, until stopped.</summary>
    /// <param name="selects">By name of the instance or build.</param>
    /// <param name="tail">0 to 100,000 lines.</param>
    /// <param name="follow">Goes on until <paramref name="stop"/>.</param>
    /// <param name="stop">Ends the reading by <see cref="OperationCanceledException"/>.</param>
    public async IAsyncEnumerable<LogLine> ReadAsync(Func<string, bool> selects, int tail, bool follow, [EnumeratorCancellation] CancellationToken stop = default)
    {
        Directory.CreateDirectory(folder);
        var changed = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
        var dirty = new HashSet<string>(StringComparer.Ordinal);

        // Watching begins before reading, so that nothing falls between.
        using var watcher = follow ? Watch(dirty, changed.Writer) : null;
        var ends = new Dictionary<string, LogCursor>(StringComparer.Ordinal);
        foreach (var line in Tail(selects, Math.Clamp(tail, 0, 100_000), ends))
        {
            stop.ThrowIfCancellationRequested();
            yield return line;
        }

        while (follow)
        {
            await changed.Reader.ReadAsync(stop);
            foreach (var line in More(selects, dirty, ends))
            {
                yield return line;
            }
        }
    }

    List<LogLine> Tail(Func<string, bool> selects, int tail, Dictionary<string, LogCursor> ends)
    {
        var lines = new List<LogLine>();
        foreach (var path in Directory.EnumerateDirectories(folder).Order(StringComparer.Ordinal))
        {
            if (selects(Path.GetFileName(path)))
            {
                var (last, end) = LogSegments.Tail(path, tail);
                lines.AddRange(last);
                ends[Path.GetFileName(path)] = end;
            }
        }

        return [.. lines.OrderBy(l => l.At).TakeLast(tail)];
    }

    IEnumerable<LogLine> More(Func<string, bool> selects, HashSet<string> dirty, Dictionary<string, LogCursor> ends)
    {
        string[] names;
        lock (dirty)
        {
            names = [.. dirty];
            dirty.Clear();
        }

        var lines = new List<LogLine>();
        foreach (var name in names.Contains("*") ? Directory.EnumerateDirectories(folder).Select(p => Path.GetFileName(p)!) : names)
        {
            if (selects(name))
            {
                var (more, end) = LogSegments.After(Path.Combine(folder, name), ends.GetValueOrDefault(name));
                lines.AddRange(more);
                ends[name] = end;
            }
        }

        return lines.OrderBy(l => l.At);
    }

    FileSystemWatcher Watch(HashSet<string> dirty, ChannelWriter<bool> changed)
    {
        void Note(string name)
        {
            lock (dirty)
            {
                dirty.Add(name);
            }

            changed.TryWrite(true);
        }

        // Folders as well: what was written into a new one before it was watched is only told by its own coming.
        var watcher = new FileSystemWatcher(folder) { IncludeSubdirectories = true, NotifyFilter = NotifyFilters.Size | NotifyFilters.LastWrite | NotifyFilters.FileName | NotifyFilters.DirectoryName };
        FileSystemEventHandler note = (_, change) => Note(change.Name?.Split('/')[0] ?? "*");
        watcher.Changed += note;
        watcher.Created += note;

        // Too many changes at once to be named: any of them may have changed.
        watcher.Error += (_, _) => Note("*");
        watcher.EnableRaisingEvents = true;
        return watcher;
    }
}
