using System.Text.Json;
using Mainstay.Core.Kinds;
using Mainstay.Observe.Correlate;

namespace Mainstay.Observe.Drivers;

/// <summary>Keeps the changes that are remembered in a file, replaced as a whole, so that they outlive the process.</summary>
/// <param name="path">Absolute.</param>
public sealed class ChangeFile(string path)
{
    /// <summary>What was kept, oldest first; nothing where there is no file that can be read.</summary>
    public IReadOnlyList<SeenChange> Read()
    {
        try
        {
            return File.Exists(path) ? [.. Codec.Decode<IReadOnlyList<SeenChange>>(File.ReadAllBytes(path)).Where(c => c is { Service: not null, What: not null }).TakeLast(ChangeLog.Most)] : [];
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or JsonException)
        {
            return [];
        }
    }

    /// <summary>Replaces it; why it could not, or null.</summary>
    public string? Write(IReadOnlyList<SeenChange> all)
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllBytes($"{path}.new", Codec.Encode(all));
            File.Move($"{path}.new", path, overwrite: true);
            return null;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return $"{path} cannot be written: {fault.Message}";
        }
    }
}
