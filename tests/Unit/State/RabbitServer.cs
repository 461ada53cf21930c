using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Mainstay.State.Queues.Rabbit;
using Xunit;

namespace Mainstay.Tests.State;

/// <summary>The tests that share one RabbitMQ.</summary>
[CollectionDefinition(Name)]
public sealed class RabbitTests : ICollectionFixture<RabbitServer>
{
    public const string Name = "rabbitmq";
}

/// <summary>A RabbitMQ of its own; each test has names of its own there.</summary>
public sealed class RabbitServer : IAsyncLifetime
{
    readonly TempFolder folder = new();
    readonly int[] ports = [FreePorts.One(), FreePorts.One(), FreePorts.One()];
    readonly ConcurrentQueue<string?> said = new();
    Process? mapper;
    Process? server;
    int prefixes;

    public RabbitAddress Address => RabbitAddress.Parse($"amqp://guest@127.0.0.1:{Text(ports[0])}", out _)!;

    public async ValueTask InitializeAsync()
    {
        File.WriteAllText(folder["plugins"], "[].");
        // Of this broker alone: the usual one would go on when everything is over.
        mapper = Process.Start("/usr/bin/epmd", ["-relaxed_command_check", "-address", "127.0.0.1", "-port", Text(ports[2])]);
        await StartAsync();
    }

    public RabbitQueuesOptions Options(TimeProvider? time = null) =>
        new() { Address = Address, Prefix = $"t{Text(Interlocked.Increment(ref prefixes))}.", Time = time ?? TimeProvider.System, Patience = TimeSpan.FromSeconds(30) };

    /// <summary>Starts it, and waits until it takes connections.</summary>
    public async Task StartAsync()
    {
        var start = new ProcessStartInfo("/usr/lib/rabbitmq/bin/rabbitmq-server") { WorkingDirectory = folder.Path, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in new Dictionary<string, string>
        {
            ["HOME"] = folder.Path, ["ERL_EPMD_PORT"] = Text(ports[2]), ["ERL_EPMD_ADDRESS"] = "127.0.0.1", ["RABBITMQ_NODE_IP_ADDRESS"] = "127.0.0.1", ["RABBITMQ_NODE_PORT"] = Text(ports[0]), ["RABBITMQ_DIST_PORT"] = Text(ports[1]),
            ["RABBITMQ_NODENAME"] = $"t{Text(ports[0])}@localhost", ["RABBITMQ_MNESIA_BASE"] = folder["db"], ["RABBITMQ_LOG_BASE"] = folder["log"], ["RABBITMQ_ENABLED_PLUGINS_FILE"] = folder["plugins"], ["RABBITMQ_PID_FILE"] = folder["pid"],
            ["RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS"] = "+sbwt none +sbwtdcpu none +sbwtdio none",
        })
            start.Environment[name] = value;
        said.Clear();
        server = Process.Start(start)!;
        server.OutputDataReceived += (_, line) => said.Enqueue(line.Data);
        server.BeginOutputReadLine();
        server.ErrorDataReceived += (_, line) => said.Enqueue(line.Data);
        server.BeginErrorReadLine();
        try
        {
            await Until.HoldsAsync(ListensAsync, what: "RabbitMQ listens");
        }
        catch (TimeoutException late)
        {
            throw new TimeoutException($"{late.Message}; it said {string.Join('\n', said)}; the end of its log:\n{string.Join('\n', Logged().TakeLast(60))}", late);
        }
    }

    async Task<bool> ListensAsync()
    {
        if (server!.HasExited)
            throw new InvalidOperationException($"RabbitMQ ended with {server.ExitCode}: {string.Join('\n', said)}");
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(IPAddress.Loopback, ports[0]);
            return true;
        }
        catch (SocketException)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System);
            return false;
        }
    }

    IEnumerable<string> Logged() =>
        Directory.EnumerateFiles(folder["log"], "*.log").Order(StringComparer.Ordinal).SelectMany(file => File.ReadLines(file));

    /// <summary>Ends it as a loss of power would.</summary>
    public async Task KillAsync()
    {
        if (server is null)
            return;
        if (File.Exists(folder["pid"]))
        {
            using var kill = Process.Start("kill", ["-KILL", File.ReadAllText(folder["pid"]).Trim()]);
            await kill.WaitForExitAsync();
            File.Delete(folder["pid"]);
        }

        server.Kill(entireProcessTree: true);
        await server.WaitForExitAsync();
        server.Dispose();
        server = null;
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        mapper?.Kill();
        mapper?.Dispose();
        folder.Dispose();
    }

    static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
