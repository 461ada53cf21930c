using Mainstay.Core.Store;
using Mainstay.State.Backup;

namespace Mainstay.Host.Roles;

/// <summary>The parts of a backup on their way to their places: beside them first, so that nothing is there where anything goes wrong.</summary>
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
            var place = PlaceOf(part.Name);
            if (File.Exists(place))
            {
                throw new StoreUnavailableException($"there are {part.Name} at {place} already; move them away, or name another data folder with --data");
            }

            try
            {
                Directory.CreateDirectory(Path.GetDirectoryName(place)!);
                places.Add(place);
                BackupFile.Extract(backup, part, place + Making);
            }
            catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
            {
                throw new StoreUnavailableException($"{place} cannot be written: {failed.Message}; make room, or name another data folder with --data");
            }
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

    string PlaceOf(string name) => name switch
    {
        "streams" or "queues" => Path.Combine(data.Root, "state", name + ".db"),
        "flows" => Path.Combine(data.Root, "store", "flows.db"),
        _ => throw new StoreUnavailableException($"the backup holds '{name}', which this Mainstay does not know; restore it with a newer one"),
    };
}
