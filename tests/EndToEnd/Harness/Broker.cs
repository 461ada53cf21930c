using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Mainstay.EndToEnd.Harness;

/// <summary>A RabbitMQ of its own, with its data in a temporary folder. It can be killed and started again.</summary>
sealed class Broker : IAsyncDisposable
{
    readonly string folder = Directory.CreateTempSubdirectory("mainstay-broker-").FullName;
    readonly string[] ports = [.. Ports.Free(3).Select(p => p.ToString(CultureInfo.InvariantCulture))];
    Process? mapper;
    Process? server;

    /// <summary>Tells a server of Mainstay of it.</summary>
    public IReadOnlyDictionary<string, string> Variables => new Dictionary<string, string> { ["MAINSTAY_QUEUES"] = $"amqp://guest@127.0.0.1:{ports[0]}", ["MAINSTAY_QUEUES_PASSWORD"] = "guest" };

    /// <summary>Starts it, and waits until it takes connections.</summary>
    public async Task StartAsync()
    {
        // Of this broker alone: the usual one would go on when everything is over.
        mapper ??= Process.Start("/usr/bin/epmd", ["-relaxed_command_check", "-address", "127.0.0.1", "-port", ports[2]]);
        File.WriteAllText(In("plugins"), "[].");
        var start = new ProcessStartInfo("/usr/lib/rabbitmq/bin/rabbitmq-server") { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in new (string, string)[]
        {
            ("HOME", folder), ("ERL_EPMD_PORT", ports[2]), ("ERL_EPMD_ADDRESS", "127.0.0.1"), ("RABBITMQ_NODE_IP_ADDRESS", "127.0.0.1"), ("RABBITMQ_NODE_PORT", ports[0]), ("RABBITMQ_DIST_PORT", ports[1]),
            ("RABBITMQ_NODENAME", $"e{ports[0]}@localhost"), ("RABBITMQ_MNESIA_BASE", In("db")), ("RABBITMQ_LOG_BASE", In("log")), ("RABBITMQ_ENABLED_PLUGINS_FILE", In("plugins")), ("RABBITMQ_PID_FILE", In("pid")),
            ("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", "+sbwt none +sbwtdcpu none +sbwtdio none"),
        })
        {
            start.Environment[name] = value;
        }

        server = Process.Start(start)!;
        server.OutputDataReceived += static (_, _) => { };
        server.BeginOutputReadLine();
        server.ErrorDataReceived += static (_, _) => { };
        server.BeginErrorReadLine();
        await Eventually.IsAsync(ListensAsync, TimeSpan.FromSeconds(90), () => "RabbitMQ does not listen");
    }

    /// <summary>Ends it as a loss of power would.</summary>
    public async Task KillAsync()
    {
        if (server is { } running)
        {
            server = null;
            if (File.Exists(In("pid")))
            {
                Proc.Signal(int.Parse(File.ReadAllText(In("pid")).Trim(), CultureInfo.InvariantCulture), Proc.SigKill);
                File.Delete(In("pid"));
            }

            running.Kill(entireProcessTree: true);
            await running.WaitForExitAsync();
            running.Dispose();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        mapper?.Kill();
        mapper?.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    async Task<bool> ListensAsync()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(IPAddress.Loopback, int.Parse(ports[0], CultureInfo.InvariantCulture));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    string In(string name) => Path.Combine(folder, name);
}
