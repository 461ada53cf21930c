using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Mainstay.State.Etcd;
using Xunit;

namespace Mainstay.Tests.State.Etcd;

/// <summary>A member of etcd from Debian's package, alone or with others, on loopback.</summary>
sealed class EtcdMember : IDisposable
{
    public const string Program = "/usr/bin/etcd";

    readonly TempFolder folder = new();
    readonly string[] arguments;
    Process? process;

    public EtcdMember(int port, params string[] more)
    {
        Port = port;
        arguments =
        [
            "--data-dir", folder["data"], "--listen-client-urls", $"http://127.0.0.1:{port}", "--advertise-client-urls", $"http://127.0.0.1:{port}",
            // Tests make many small transactions; what is durable is not what they ask.
            "--unsafe-no-fsync", "--logger", "zap", "--log-outputs", folder["log"], .. more,
        ];
    }

    public int Port { get; }

    public Uri Url => new($"http://127.0.0.1:{Port}");

    public int Pid => process!.Id;

    /// <summary>What it wrote, to tell why it does not answer.</summary>
    public string Log => File.Exists(folder["log"]) ? File.ReadAllText(folder["log"]) : "";

    /// <summary>So many members that form one cluster; each stands ready to be started.</summary>
    public static EtcdMember[] Cluster(int size)
    {
        var peers = Enumerable.Range(0, size).Select(_ => FreePorts.One()).ToArray();
        var all = string.Join(',', peers.Select((p, i) => $"m{i}=http://127.0.0.1:{p}"));
        return
        [
            .. peers.Select((peer, i) => new EtcdMember(
                FreePorts.One(), "--name", $"m{i}", "--listen-peer-urls", $"http://127.0.0.1:{peer}", "--initial-advertise-peer-urls", $"http://127.0.0.1:{peer}",
                "--initial-cluster", all, "--heartbeat-interval", "50", "--election-timeout", "500")),
        ];
    }

    public static EtcdMember Alone()
    {
        var peer = FreePorts.One();
        return new EtcdMember(
            FreePorts.One(), "--name", "alone", "--listen-peer-urls", $"http://127.0.0.1:{peer}", "--initial-advertise-peer-urls", $"http://127.0.0.1:{peer}",
            "--initial-cluster", $"alone=http://127.0.0.1:{peer}");
    }

    public void Start()
    {
        if (!File.Exists(Program))
            throw new FileNotFoundException($"{Program} is missing; as root: apt-get install etcd-server");
        process = Process.Start(new ProcessStartInfo(Program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = "/" })!;
        process.OutputDataReceived += static (_, _) => { };
        process.ErrorDataReceived += static (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public void Kill()
    {
        process!.Kill();
        process.WaitForExit();
    }

    public void Signal(string name)
    {
        using var kill = Process.Start("kill", [$"-{name}", $"{Pid}"]);
        kill.WaitForExit();
    }

    public void Dispose()
    {
        if (process is { HasExited: false })
            Kill();
        process?.Dispose();
        folder.Dispose();
    }
}

/// <summary>The tests that share one member of etcd.</summary>
[CollectionDefinition(Name)]
public sealed class EtcdTests : ICollectionFixture<EtcdFixture>
{
    public const string Name = "etcd";
}

/// <summary>One member for all tests that ask for it; each test has a prefix of its own.</summary>
public sealed class EtcdFixture : IAsyncLifetime
{
    readonly EtcdMember member = EtcdMember.Alone();
    int prefixes;

    public Uri Url => member.Url;

    public async ValueTask InitializeAsync()
    {
        member.Start();
        await using var ready = await EtcdStore.OpenAsync(Options() with { Patience = TimeSpan.FromSeconds(60) });
    }

    public EtcdStoreOptions Options() => new() { Endpoints = [Url], Prefix = $"test/{Interlocked.Increment(ref prefixes)}", Patience = TimeSpan.FromSeconds(30) };

    public ValueTask DisposeAsync()
    {
        member.Dispose();
        return ValueTask.CompletedTask;
    }
}
