using Mainstay.Core.Store;
using Mainstay.State.Backup;

namespace Mainstay.Host.Roles;

/// <summary>The parts of a backup, or of another store, on their way to their places: beside them first, so that nothing is there where anything goes wrong.</summary>
sealed class RestoredParts(DataLayout data) : IDisposable
{
    const string Making = ".new";

    readonly List<string> places = [];

    /// <summary>Writes all of them out.</summary>
    /// <exception cref="StoreUnavailableException">One is there already, of a newer version, or cannot be written.</exception>
    public void Extract(string backup, IReadOnlyList<BackupPart> parts)
    {
        foreach (var part in parts)
        {
            var place = Begin(part.Name);
            try
            {
                BackupFile.Extract(backup, part, place + Making);
            }
            catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
            {
                throw Unwritable(place, failed);
            }
        }
    }

    /// <summary>Has one written out by a function, which is given the file and says whether there is anything.</summary>
    /// <exception cref="StoreUnavailableException">It is there already, or cannot be written.</exception>
    public async Task MakeAsync(string name, Func<string, Task<bool>> write)
    {
        var place = Begin(name);
        File.Delete(place + Making);
        if (!await write(place + Making))
        {
            places.Remove(place);
        }
    }

    /// <summary>They are in their places.</summary>
    public void Keep()
    {
        foreach (var place in places)
        {
            File.Move(place + Making, place);
        }

        places.Clear();
    }

    public void Dispose()
    {
        foreach (var place in places)
        {
            File.Delete(place + Making);
        }
    }

    string Begin(string name)
    {
        var place = PlaceOf(name);
        if (File.Exists(place))
        {
            throw new StoreUnavailableException($"there are {name} at {place} already; move them away, or name another data folder with --data");
        }

        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(place)!);
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            throw Unwritable(place, failed);
        }

        places.Add(place);
        return place;
    }

    static StoreUnavailableException Unwritable(string place, Exception failed) => new($"{place} cannot be written: {failed.Message}; make room, or name another data folder with --data");

    string PlaceOf(string name) => name switch
    {
        "streams" or "queues" => Path.Combine(data.Root, "state", name + ".db"),
        "flows" => data.Flows,
        _ => throw new StoreUnavailableException($"the backup holds '{name}', which this Mainstay does not know; restore it with a newer one"),
    };
}
