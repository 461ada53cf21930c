using System.Security.Cryptography;
using System.Text;

namespace Mainstay.Schedule.Drivers;

/// <summary>Where the agent keeps what below the data folder.</summary>
public sealed class DataFolder
{
    /// <summary>Makes the folders that are missing. Throws <see cref="IOException"/> or <see cref="UnauthorizedAccessException"/> where it cannot.</summary>
    public DataFolder(string root)
    {
        Root = Path.GetFullPath(root);
        AgentId = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Root)))[..16];
        Directory.CreateDirectory(Records);
        Directory.CreateDirectory(InstanceLogs);
        Directory.CreateDirectory(BuildLogs);
        Directory.CreateDirectory(Builds);
    }

    public string Root { get; }

    /// <summary>
    /// Tells the processes of this data folder from those of every other on the machine. It follows from the path alone, so that processes
    /// are found again even where the folder's content was lost.
    /// </summary>
    public string AgentId { get; }

    public string Agent => Path.Combine(Root, "agent");

    /// <summary>One file per instance: what was started for it last.</summary>
    public string Records => Path.Combine(Agent, "instances");

    /// <summary>A folder per instance: the secrets that it is given as files.</summary>
    public string Secrets => Path.Combine(Agent, "secrets");

    /// <summary>A folder per instance: the files that it has of its configuration; and beside each what is known of them.</summary>
    public string Files => Path.Combine(Agent, "files");

    public string InstanceLogs => Path.Combine(Root, "logs", "instances");

    /// <summary>Where a service keeps its data on this host; all of its instances share it. Made when it is first asked for.</summary>
    public string VolumeOf(string service) => Directory.CreateDirectory(Path.Combine(Root, "volumes", service)).FullName;

    public string BuildLogs => Path.Combine(Root, "logs", "builds");

    public string Builds => Path.Combine(Root, "builds");

    /// <summary>What the build called <paramref name="build"/> (<c>service-digest12</c>) leaves behind.</summary>
    public string OutputOf(string service, string build) => Path.Combine(Builds, service, build[^12..]);

    /// <summary>Writes a file whole or not at all, whatever ends this process meanwhile.</summary>
    public static void WriteAtomically(string path, ReadOnlySpan<byte> content)
    {
        // Not forced to disk: what it describes does not survive the machine either.
        var temporary = path + ".tmp";
        File.WriteAllBytes(temporary, content);
        File.Move(temporary, path, overwrite: true);
    }
}
