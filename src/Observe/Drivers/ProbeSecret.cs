using Mainstay.Core.Kinds.Traffic;

namespace Mainstay.Observe.Drivers;

/// <summary>Reads passwords from where they are kept, anew for each use.</summary>
static class ProbeSecret
{
    const int MostBytes = 4096;

    /// <summary>The password; or why there is none.</summary>
    public static (string? Password, string? Why) Read(string? place)
    {
        if (place is null)
        {
            return (null, null);
        }

        if (SecretPlace.Variable(place) is { } variable)
        {
            return Environment.GetEnvironmentVariable(variable) is { Length: > 0 } value ? (value, null) : (null, $"the server's environment has no {variable}");
        }

        try
        {
            return new FileInfo(place) is { Exists: true, Length: <= MostBytes } ? (File.ReadAllText(place).TrimEnd('\r', '\n'), null) : (null, $"there is no file {place} of at most {MostBytes} bytes");
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return (null, $"{place} cannot be read: {fault.Message}");
        }
    }
}
