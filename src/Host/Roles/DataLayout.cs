using System.Security.Cryptography;

namespace Mainstay.Host.Roles;

/// <summary>Where everything lies below the data folder. Deleting the folder forgets everything; nothing lives elsewhere.</summary>
public sealed class DataLayout(string root)
{
    /// <summary>The data folder without an option: <c>~/.mainstay</c>.</summary>
    public static string DefaultRoot => Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".mainstay");

    public string Root { get; } = Path.GetFullPath(root);

    public string Run => Path.Combine(Root, "run");

    /// <summary>Held locked by the one supervisor of the folder.</summary>
    public string Lock => Path.Combine(Run, "lock");

    /// <summary>The process id of the supervisor that took the folder last. Not in the lock itself: nobody else can read that while it is held.</summary>
    public string SupervisorFile => Path.Combine(Run, "supervisor");

    /// <summary>Where gateways deposit and take listening sockets.</summary>
    public string FdSocket => Path.Combine(Run, "fds.sock");

    /// <summary>Where the supervisor takes orders.</summary>
    public string ControlSocket => Path.Combine(Run, "control.sock");

    /// <summary>What Mainstay's own processes show each other; readable by the owner alone.</summary>
    public string TokenFile => Path.Combine(Run, "token");

    /// <summary>Where telemetry is taken in.</summary>
    public string TelemetryFile => Path.Combine(Run, "telemetry");

    /// <summary>Where the running server says its address.</summary>
    public string ServerFile => Path.Combine(Run, "server.json");

    /// <summary>Where a gateway says that it serves.</summary>
    public string GatewayReadyFile => Path.Combine(Root, "gateway", "ready");

    /// <summary>The requests that are done once or later: its gateways keep them, so that they need no server for it.</summary>
    public string Requests => Path.Combine(Root, "gateway", "requests.db");

    /// <summary>The authority that signs hosts.</summary>
    public string Authority => Path.Combine(Root, "ca");

    /// <summary>What this host has joined with.</summary>
    public string Node => Path.Combine(Root, "node");

    /// <summary>Where this host's gateway takes in what others' gateways send to its instances.</summary>
    public string MeshFile => Path.Combine(Root, "node", "mesh");
    /// <summary>This server's member of the cluster.</summary>
    public string Etcd => Path.Combine(Root, "etcd");

    public string Store => Path.Combine(Root, "store");

    /// <summary>The runs of flows of a server that is alone.</summary>
    public string Flows => Path.Combine(Store, "flows.db");

    /// <summary>What a server that leads has of the runs that it shares with others.</summary>
    public string FlowsCopy => Path.Combine(Store, "flows.copy.db");

    /// <summary>The chosen traces.</summary>
    public string Traces => Path.Combine(Root, "telemetry", "traces");

    /// <summary>The samples of series.</summary>
    public string Metrics => Path.Combine(Root, "telemetry", "metrics");

    /// <summary>Log records, searchable.</summary>
    public string Records => Path.Combine(Root, "telemetry", "logs");

    public string LogOf(string role) => Path.Combine(Root, "logs", "roles", role + ".log");

    /// <summary>Makes the folders and the internal token. Throws <see cref="IOException"/> or <see cref="UnauthorizedAccessException"/> where it cannot.</summary>
    public void Make()
    {
        const UnixFileMode owner = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        foreach (var folder in new[] { Root, Run, Store, Path.Combine(Root, "logs", "roles"), Path.Combine(Root, "gateway") })
        {
            Directory.CreateDirectory(folder, owner);
        }

        if (!File.Exists(TokenFile) || new FileInfo(TokenFile).Length < 32)
        {
            var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite };
            using var file = new FileStream(TokenFile, options);
            file.Write(System.Text.Encoding.ASCII.GetBytes(Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(24))));
        }
    }

    /// <summary>Waits until this run's server serves. False when <paramref name="over"/> says that none will, or after so long.</summary>
    public async Task<bool> ServedAsync(Func<bool> over, TimeSpan within, TimeProvider time, CancellationToken stop)
    {
        var startedAt = time.GetTimestamp();
        while (!File.Exists(ServerFile))
        {
            if (over() || time.GetElapsedTime(startedAt) > within)
            {
                return false;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(10), time, stop);
        }

        return true;
    }

    public string ReadToken() => File.ReadAllText(TokenFile).Trim();
}
