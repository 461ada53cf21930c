using System.Text;
using Mainstay.Core.Kinds.Traffic;

namespace Mainstay.Traffic.Drivers;

/// <summary>
/// Reads what <see cref="SecretPlace"/> names. Files of secrets must belong to their owner alone: written by nobody else and, unless what is
/// in them is public, not readable by others.
/// </summary>
internal sealed class SecretReader(string place, bool isPublic)
{
    /// <summary>The largest secret, in bytes.</summary>
    public const int Most = 1024 * 1024;

    private (DateTime Written, long Length, UnixFileMode Mode) seen;
    private bool hasRead;

    public string Place { get; } = place;

    /// <summary>True when there may be something new: the file's time, length or mode changed, or nothing was read yet.</summary>
    public bool HasChanged()
    {
        if (SecretPlace.Variable(Place) is not null) return !hasRead;
        return !hasRead || Stat(new FileInfo(Place)) != seen;
    }

    /// <summary>The content, or why there is none.</summary>
    public (byte[]? Content, string? Problem) Read()
    {
        hasRead = true;
        if (SecretPlace.Variable(Place) is { } variable)
        {
            var value = Environment.GetEnvironmentVariable(variable);
            return string.IsNullOrEmpty(value) ? (null, $"the gateway's environment has no {variable}") : (Encoding.UTF8.GetBytes(value), null);
        }
        try
        {
            var file = new FileInfo(Place);
            seen = Stat(file);
            if (!file.Exists) return (null, $"there is no file {Place}");
            if (file.Length > Most) return (null, $"{Place} is larger than {Most / 1024} Ki");
            var forbidden = UnixFileMode.GroupWrite | UnixFileMode.OtherWrite | (isPublic ? 0 : UnixFileMode.OtherRead);
            if (!OperatingSystem.IsWindows() && (seen.Mode & forbidden) != 0) return (null, $"{Place} is open to others than its owner; run chmod {(isPublic ? "go-w" : "o-rwx,g-w")} on it");
            return (File.ReadAllBytes(Place), null);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return (null, $"{Place} cannot be read: {error.Message}");
        }
    }

    private static (DateTime, long, UnixFileMode) Stat(FileInfo file)
    {
        file.Refresh();
        if (!file.Exists) return default;
        return (file.LastWriteTimeUtc, file.Length, OperatingSystem.IsWindows() ? UnixFileMode.None : file.UnixFileMode);
    }
}
