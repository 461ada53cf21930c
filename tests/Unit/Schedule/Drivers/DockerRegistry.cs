using System.Diagnostics;
using System.Net.Sockets;
using Xunit;

namespace Mainstay.Tests.Schedule.Drivers;

/// <summary>A registry of images on loopback that asks for a password. Needs the package docker-registry.</summary>
sealed class DockerRegistry : IAsyncDisposable
{
    public const string User = "mainstay";
    public const string Password = "secret";

    // Of that password, by bcrypt, which is all that the registry takes.
    const string Hash = "$2y$04$WiAsfDVoeoHfsbcGrMekdOXZuWLj4T3.ce/NSkmspR9XOrndUH43a";

    readonly Process process;

    DockerRegistry(Process process) => this.process = process;

    public static async Task<DockerRegistry> StartAsync(string address, string folder)
    {
        await File.WriteAllTextAsync(Path.Combine(folder, "htpasswd"), $"{User}:{Hash}\n");
        var settings = Path.Combine(folder, "registry.yml");
        await File.WriteAllTextAsync(settings, $$"""
            version: 0.1
            log: { accesslog: { disabled: true }, level: error }
            storage: { filesystem: { rootdirectory: {{folder}}/registry } }
            http: { addr: "{{address}}" }
            auth: { htpasswd: { realm: tests, path: {{folder}}/htpasswd } }
            """);
        var start = new ProcessStartInfo("docker-registry", ["serve", settings]) { RedirectStandardError = true, RedirectStandardOutput = true };
        var process = Process.Start(start)!;
        process.BeginErrorReadLine();
        process.BeginOutputReadLine();
        await Until.HoldsAsync(async () =>
        {
            Assert.False(process.HasExited, "the registry cannot run here");
            try
            {
                using var probe = new TcpClient();
                await probe.ConnectAsync(System.Net.IPEndPoint.Parse(address));
                return true;
            }
            catch (SocketException)
            {
                return false;
            }
        });
        return new(process);
    }

    public async ValueTask DisposeAsync()
    {
        process.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
    }
}
