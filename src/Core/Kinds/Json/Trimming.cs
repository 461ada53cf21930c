namespace Mainstay.Core.Kinds.Json;

/// <summary>Why types that are looked at while the program runs are there in native code, too.</summary>
public static class Trimming
{
    /// <summary>The reason.</summary>
    public const string Rooted = "Mainstay's own assemblies are kept whole (Directory.Build.targets), and only their types come here.";
}
