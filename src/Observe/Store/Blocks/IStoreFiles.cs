namespace Mainstay.Observe.Store.Blocks;

/// <summary>
/// The files of a store, below one folder.
/// <list type="number">
/// <item>Nothing throws: a disk that is full, damaged or gone is a result.</item>
/// <item>What <see cref="Append"/> took survives the end of the process; what <see cref="Write"/> took survives the end of the machine.</item>
/// <item>Safe for any number of callers, one at a time for each file that is appended to.</item>
/// </list>
/// </summary>
public interface IStoreFiles
{
    /// <summary>All files, in no order.</summary>
    IReadOnlyList<StoreFile> List();

    /// <summary>Reads as much as there is of what is asked for; -1 where the file cannot be read.</summary>
    int Read(string name, long offset, Span<byte> into);

    /// <summary>Adds to the end of a file, which is made where there is none. False where not all of it could be written: some of it may have been.</summary>
    bool Append(string name, ReadOnlySpan<byte> bytes);

    /// <summary>Makes a file as a whole, or not at all.</summary>
    bool Write(string name, IReadOnlyList<ReadOnlyMemory<byte>> parts);

    /// <summary>True also where there was none.</summary>
    bool Delete(string name);
}

/// <summary>A file and its length.</summary>
public readonly record struct StoreFile(string Name, long Bytes);
