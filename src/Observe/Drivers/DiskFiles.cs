using Mainstay.Observe.Store.Blocks;

namespace Mainstay.Observe.Drivers;

/// <summary>The files of a store on the local disk.</summary>
public sealed class DiskFiles : IStoreFiles
{
    const string Unfinished = ".tmp";

    readonly string folder;

    /// <summary>Makes the folder, readable by the owner alone, and removes what was not finished. Where that is refused every call fails, which is its own report.</summary>
    public DiskFiles(string folder)
    {
        this.folder = folder;
        Try(() =>
        {
            Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            foreach (var file in Directory.EnumerateFiles(folder, "*" + Unfinished))
            {
                File.Delete(file);
            }
        });
    }

    /// <summary>The last refusal, as the system tells it; null where there was none.</summary>
    public string? LastRefusal { get; private set; }

    public IReadOnlyList<StoreFile> List()
    {
        IReadOnlyList<StoreFile> files = [];
        Try(() => files = [.. new DirectoryInfo(folder).EnumerateFiles().Select(f => new StoreFile(f.Name, f.Length))]);
        return files;
    }

    public int Read(string name, long offset, Span<byte> into)
    {
        try
        {
            using var file = File.OpenHandle(PathOf(name), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            var done = 0;
            while (done < into.Length && RandomAccess.Read(file, into[done..], offset + done) is > 0 and var count)
            {
                done += count;
            }

            return done;
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException or ArgumentException)
        {
            LastRefusal = refused.Message;
            return -1;
        }
    }

    public bool Append(string name, ReadOnlySpan<byte> bytes)
    {
        try
        {
            using var file = File.OpenHandle(PathOf(name), FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
            RandomAccess.Write(file, bytes, RandomAccess.GetLength(file));
            return true;
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            LastRefusal = refused.Message;
            return false;
        }
    }

    public bool Write(string name, IReadOnlyList<ReadOnlyMemory<byte>> parts)
    {
        var unfinished = PathOf(name + Unfinished);
        var isDone = Try(() =>
        {
            using (var file = File.OpenHandle(unfinished, FileMode.Create, FileAccess.Write, FileShare.None))
            {
                RandomAccess.Write(file, parts, 0);
                RandomAccess.FlushToDisk(file);
            }

            File.Move(unfinished, PathOf(name), overwrite: true);
        });
        if (!isDone)
        {
            Try(() => File.Delete(unfinished));
        }

        return isDone;
    }

    public bool Delete(string name) => Try(() => File.Delete(PathOf(name)));

    string PathOf(string name) => Path.Combine(folder, name);

    bool Try(Action act)
    {
        try
        {
            act();
            return true;
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            LastRefusal = refused.Message;
            return false;
        }
    }
}
