using System.Text;
using Mainstay.Observe.Collect;
using Mainstay.Observe.Collect.Hosts;

namespace Mainstay.Tests.Observe;

/// <summary>A machine whose files are what a test says.</summary>
sealed class FakeMachine : IMachine
{
    public Dictionary<string, string> Files { get; } = new(StringComparer.Ordinal);

    public Dictionary<string, int> Folders { get; } = new(StringComparer.Ordinal);

    public Dictionary<string, Space> Spaces { get; } = new(StringComparer.Ordinal);

    public int Reads { get; private set; }

    public double TicksPerSecond => 100;

    public int PageBytes => 4096;

    public ReadOnlySpan<byte> Read(string path)
    {
        Reads++;
        return Files.TryGetValue(path, out var text) ? Encoding.UTF8.GetBytes(text) : default;
    }

    public ReadOnlySpan<byte> ReadKept(string path) => Read(path);

    public void Numbers(string folder, List<int> into)
    {
        var prefix = folder + "/";
        into.AddRange(Files.Keys.Where(f => f.StartsWith(prefix, StringComparison.Ordinal)).Select(f => f[prefix.Length..].Split('/')[0])
            .Where(n => n.All(char.IsAsciiDigit)).Select(n => int.Parse(n, System.Globalization.CultureInfo.InvariantCulture)).Distinct().Order());
    }

    public int Entries(string folder) => Folders.GetValueOrDefault(folder, -1);

    public Space? SpaceOf(string folder) => Spaces.TryGetValue(folder, out var space) ? space : null;

    /// <summary>Puts a line of the process table.</summary>
    public void Process(int pid, int parent, int session, ulong user, ulong system = 0, int threads = 1, ulong pages = 100, ulong childUser = 0, char state = 'S') =>
        Files[$"/proc/{pid}/stat"] = $"{pid} (a (b) c) {state} {parent} {session} {session} 0 -1 4194560 1 2 3 4 {user} {system} {childUser} 0 20 0 {threads} 0 {1000 + pid} 8192000 {pages} 1 1 1\n";
}
