using System.Diagnostics;
using Mainstay.Schedule.Drivers.Containers;
using Xunit;

namespace Mainstay.Tests.Schedule.Drivers;

/// <summary>
/// A podman service of its own: storage, settings and socket in a temporary folder, with one image made from Debian's static busybox. Needs the packages podman, runc, netavark and
/// busybox-static and root; without them its tests say so.
/// </summary>
public sealed class Podman : IAsyncLifetime
{
    public const string Image = "localhost/mainstay-test:latest";

    const string Program = "/usr/bin/podman";
    const string Busybox = "/bin/busybox";
    static readonly string[] Applets = ["sh", "sleep", "echo", "cat", "env", "true", "kill", "nc", "dd", "test", "wget"];

    readonly TempFolder folder = new();
    Process? service;

    /// <summary>Where a registry may be started, which is asked without TLS.</summary>
    public string Registry { get; } = $"127.0.0.1:{Free()}";

    /// <summary>The files of the image.</summary>
    public string Tar => Path.Combine(folder.Path, "image.tar");

    public string Socket => Path.Combine(folder.Path, "s.sock");

    /// <summary>Why no container can be run here; null where they can.</summary>
    public string? Missing { get; private set; }

    public async ValueTask InitializeAsync()
    {
        Missing = !File.Exists(Program) ? "the package podman is not installed"
            : !File.Exists("/usr/sbin/runc") ? "the package runc is not installed"
            : !File.Exists(Busybox) ? "the package busybox-static is not installed"
            : !Environment.IsPrivilegedProcess ? "containers are tested as root"
            : null;
        if (Missing is not null)
        {
            return;
        }

        // For machines without all capabilities and with either version of cgroups.
        await File.WriteAllTextAsync(
            Path.Combine(folder.Path, "containers.conf"),
            """
            [containers]
            default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]
            log_driver = "k8s-file"
            [engine]
            runtime = "runc"
            cgroup_manager = "cgroupfs"
            events_logger = "file"
            [network]
            network_backend = "netavark"
            """);
        await File.WriteAllTextAsync(Path.Combine(folder.Path, "registries.conf"), $"[[registry]]\nlocation = \"{Registry}\"\ninsecure = true\n");
        service = Run("system", "service", "--time=0", $"unix://{Socket}");
        await Until.HoldsAsync(() => File.Exists(Socket) || service.HasExited, () => Thread.Yield());
        if (service.HasExited)
        {
            Missing = "podman cannot run here";
            return;
        }

        var root = Directory.CreateDirectory(Path.Combine(folder.Path, "image", "bin")).FullName;
        Directory.CreateDirectory(Path.Combine(folder.Path, "image", "tmp"));
        File.Copy(Busybox, Path.Combine(root, "busybox"));
        foreach (var applet in Applets)
        {
            File.CreateSymbolicLink(Path.Combine(root, applet), "busybox");
        }

        var tar = Tar;
        System.Formats.Tar.TarFile.CreateFromDirectory(Path.Combine(folder.Path, "image"), tar, includeBaseDirectory: false);
        using var import = Run("import", tar, Image);
        await import.WaitForExitAsync();
        using var engine = new EngineClient(Socket);
        Assert.True(await engine.HasImageAsync(Image, default), "the image could not be imported");
    }

    public async ValueTask DisposeAsync()
    {
        if (service is not null)
        {
            using (var remove = Run("rm", "--all", "--force", "--time", "0"))
            {
                await remove.WaitForExitAsync();
            }

            service.Kill();
            await service.WaitForExitAsync();
            service.Dispose();
        }

        folder.Dispose();
    }

    /// <summary>Runs podman to its end; what it does not do is a failed test.</summary>
    public async Task DoAsync(params string[] arguments)
    {
        using var process = Run(arguments);
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"podman {string.Join(' ', arguments)} ended with {process.ExitCode}");
    }

    static int Free()
    {
        using var probe = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        probe.Start();
        return ((System.Net.IPEndPoint)probe.LocalEndpoint).Port;
    }

    Process Run(params string[] arguments)
    {
        var start = new ProcessStartInfo(Program, ["--root", Path.Combine(folder.Path, "root"), "--runroot", Path.Combine(folder.Path, "run"), "--storage-driver", "vfs", .. arguments])
        {
            RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = folder.Path,
        };
        start.Environment["CONTAINERS_REGISTRIES_CONF"] = Path.Combine(folder.Path, "registries.conf");
        start.Environment["CONTAINERS_CONF"] = Path.Combine(folder.Path, "containers.conf");
        var process = Process.Start(start)!;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }
}
