using System.Runtime.CompilerServices;

namespace Mainstay.EndToEnd.Harness;

/// <summary>Where things are in the repository that the tests were built from.</summary>
static class Repository
{
    public static string Root { get; } = Find(Path.GetDirectoryName(Here())!);

    /// <summary>The binary under test: <c>MAINSTAY_BINARY</c>, else what the launcher built.</summary>
    public static string Binary { get; } = Environment.GetEnvironmentVariable("MAINSTAY_BINARY") ?? Path.Combine(Root, "artifacts", "mainstay", "mainstay");

    /// <summary>The built dashboard: <c>MAINSTAY_DASHBOARD</c>, else what the launcher built.</summary>
    public static string Dashboard { get; } = Environment.GetEnvironmentVariable("MAINSTAY_DASHBOARD") ?? Path.Combine(Root, "web", "dist");

    public static string Shop { get; } = Path.Combine(Root, "examples", "shop");

    public static string Services { get; } = Path.Combine(Root, "tests", "EndToEnd", "Services");

    static string Here([CallerFilePath] string path = "") => path;

    static string Find(string folder) =>
        File.Exists(Path.Combine(folder, "Mainstay.slnx")) ? folder
        : Find(Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("the tests run outside the repository"));
}
