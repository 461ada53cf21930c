using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Mainstay.Core.Store;
using Mainstay.Host.Roles;
using Mainstay.Schedule.Drivers;

namespace Mainstay.Host.Cluster;

/// <summary>The process of this server's member of etcd. It outlives a server that is killed, and is adopted by the next one.</summary>
sealed class MemberProcess(string folder, ClusterPlace place, ClusterIdentity identity, string log) : IDisposable
{
    const string Program = "etcd";

    static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    readonly EventThread events = new("etcd");
    RoleProcess? process;

    /// <summary>Completes with the exit code when the process ends; null where none was started.</summary>
    public Task<int?>? Exited => process?.Exited;

    public bool Runs => process is { Exited.IsCompleted: false };

    public int Pid => process?.Pid ?? 0;

    /// <summary>Whether the member's log is on the disk.</summary>
    public bool HasData => Directory.Exists(Wal) && Directory.EnumerateFiles(Wal, "*.wal").Any();

    string Data => Path.Combine(folder, "data");

    string Wal => Path.Combine(Data, "member", "wal");

    /// <summary>The program's path. Throws <see cref="StoreUnavailableException"/> with a remedy where there is none.</summary>
    public static string Find() => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries)
        .Select(p => Path.Combine(p, Program)).FirstOrDefault(File.Exists)
        ?? throw new StoreUnavailableException("the program etcd (3.4 or later) is not on PATH; install it ('apt-get install etcd-server', for example), or keep the store elsewhere with --store");

    /// <summary>Takes over the member that an earlier server of this folder left running.</summary>
    public bool Adopt()
    {
        if (Left() is not { } pid)
            return false;
        process = RoleProcess.Adopt(pid, events);
        return true;
    }

    /// <summary>Starts it. Throws <see cref="IOException"/> where the system refuses.</summary>
    /// <param name="cluster">All members with their peer addresses, this one among them.</param>
    /// <param name="isNew">Whether it founds the cluster.</param>
    public void Start(IEnumerable<(string Name, Uri Peer)> cluster, bool isNew)
    {
        Directory.CreateDirectory(Data, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        identity.Current();
        string[] arguments =
        [
            "--name", place.Name, "--data-dir", Data,
            "--listen-client-urls", Origin(place.Client), "--advertise-client-urls", Origin(place.Client),
            "--listen-peer-urls", Origin(place.Peer), "--initial-advertise-peer-urls", Origin(place.Peer),
            "--initial-cluster", string.Join(',', cluster.Select(m => $"{m.Name}={Origin(m.Peer)}")),
            "--initial-cluster-state", isNew ? "new" : "existing", "--initial-cluster-token", identity.Authority.Fingerprint[..16],
            "--cert-file", identity.File, "--key-file", identity.File, "--trusted-ca-file", identity.AuthorityFile, "--client-cert-auth",
            "--peer-cert-file", identity.File, "--peer-key-file", identity.File, "--peer-trusted-ca-file", identity.AuthorityFile, "--peer-client-cert-auth",
            // A member that comes back does not disturb the one that leads.
            "--pre-vote", "--heartbeat-interval", "100", "--election-timeout", "1000",
            // The store keeps its own history and needs none of etcd's.
            "--auto-compaction-mode", "revision", "--auto-compaction-retention", "1000", "--quota-backend-bytes", (4L << 30).ToString(CultureInfo.InvariantCulture),
            "--logger", "zap", "--log-level", "warn",
        ];
        process = RoleProcess.Start(new RoleStart(arguments, Surroundings(), log) { Program = Find() }, events);
    }

    /// <summary>Makes sure that it will be able to listen, before anything is promised for it. Throws <see cref="IOException"/> where a port is taken.</summary>
    public void RequirePorts()
    {
        foreach (var port in new[] { place.Client.Port, place.Peer.Port })
        {
            if (PortProbe.Refusal(new IPEndPoint(place.End.Address, port)) is { } refused)
            {
                throw new IOException($"etcd cannot listen on {place.End.Address} port {port}: {refused.Message}; end what uses the port, or give another with --cluster", refused);
            }
        }
    }

    /// <summary>What is left of data without which nothing can be done is put aside.</summary>
    public void PutAside()
    {
        if (!Directory.Exists(Data))
            return;
        var aside = Data + ".lost";
        if (Directory.Exists(aside))
            Directory.Delete(aside, recursive: true);
        Directory.Move(Data, aside);
    }

    /// <summary>Ends it: one that leads hands that over first.</summary>
    public Task StopAsync(TimeProvider time) => process is { } running ? running.StopAsync(Patience, time) : Task.CompletedTask;

    public void Dispose() => events.Dispose();

    // etcd reads every flag from its environment too, and our secrets are none of its business.
    static Dictionary<string, string> Surroundings() => Environment.GetEnvironmentVariables().Cast<System.Collections.DictionaryEntry>()
        .Select(e => (Name: (string)e.Key, Value: (string?)e.Value ?? ""))
        .Where(e => !e.Name.StartsWith("ETCD_", StringComparison.Ordinal) && !e.Name.StartsWith("MAINSTAY_", StringComparison.Ordinal))
        .ToDictionary(e => e.Name, e => e.Value, StringComparer.Ordinal);

    static string Origin(Uri address) => address.GetLeftPart(UriPartial.Authority);

    int? Left()
    {
        foreach (var entry in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(entry), NumberStyles.None, CultureInfo.InvariantCulture, out var pid)
                && Arguments(entry) is [var program, .. var rest] && Path.GetFileName(program) == Program
                && Array.IndexOf(rest, "--data-dir") is >= 0 and var at && rest.ElementAtOrDefault(at + 1) == Data
                && ProcessTable.Stat(pid) is not null)
            {
                return pid;
            }
        }

        return null;
    }

    static string[] Arguments(string entry)
    {
        try
        {
            return Encoding.UTF8.GetString(File.ReadAllBytes(entry + "/cmdline")).Split('\0', StringSplitOptions.RemoveEmptyEntries);
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
