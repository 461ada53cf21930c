using System.Text.Json;
using Mainstay.Core.Kinds;
using Mainstay.Observe.Correlate;

namespace Mainstay.Observe.Drivers;

/// <summary>Keeps the counts of objectives in a file, replaced as a whole, so that a budget outlives the process.</summary>
/// <param name="path">Absolute.</param>
public sealed class ObjectiveFile(string path)
{
    /// <summary>What was kept, by objective; nothing where there is no file that can be read.</summary>
    public IReadOnlyDictionary<string, ObjectiveRecord> Read()
    {
        try
        {
            return File.Exists(path) ? Codec.Decode<Dictionary<string, ObjectiveRecord>>(File.ReadAllBytes(path)) : [];
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or JsonException)
        {
            return new Dictionary<string, ObjectiveRecord>();
        }
    }

    /// <summary>Replaces it; why it could not, or null.</summary>
    public string? Write(IReadOnlyDictionary<string, ObjectiveRecord> kept)
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllBytes($"{path}.new", Codec.Encode(kept));
            File.Move($"{path}.new", path, overwrite: true);
            return null;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return $"{path} cannot be written: {fault.Message}";
        }
    }
}
