using Mainstay.Core.Kinds.Traffic;

namespace Mainstay.Observe.Drivers;

/// <summary>Reads what a manifest only names the place of, anew for each use.</summary>
public static class SecretFile
{
    /// <summary>The secret; or why there is none.</summary>
    /// <param name="place">A file, or <c>env:NAME</c>.</param>
    /// <param name="folder">Where relative files start.</param>
    public static (string? Secret, string? Why) Read(string place, string folder) => ProbeSecret.Read(SecretPlace.Under(place, folder));
}
