using System.Net;
using System.Threading.Channels;
using Mainstay.Schedule.Decide;
using Mainstay.Schedule.Drivers;

namespace Mainstay.Tests.Schedule.Drivers;

/// <summary>A process runtime on a data folder of its own, with its changes as something to wait for. Whatever it started is ended with it.</summary>
sealed class RuntimeBench : IDisposable
{
    static int last;

    readonly EventThread events = new("test");
    readonly Channel<ProcessRecord> changes = Channel.CreateUnbounded<ProcessRecord>();
    ProcessRuntime? runtime;

    public RuntimeBench(TimeProvider? time = null)
    {
        Time = time ?? TimeProvider.System;
        Folder = new DataFolder(Path.Combine(Path.GetTempPath(), $"mainstay-test-{Environment.ProcessId}-{Interlocked.Increment(ref last)}"));
        Ports = new PortPicker(IPAddress.Loopback, Folder.AgentId);
    }

    /// <summary>Long enough for a busy machine; only a failing test waits that long.</summary>
    public static TimeSpan Patience { get; } = TimeSpan.FromSeconds(20);

    public TimeProvider Time { get; }

    public DataFolder Folder { get; }

    public PortPicker Ports { get; private set; }

    public ProcessRuntime Runtime => runtime ??= new(Folder, Ports, events, Time) { OnChange = r => changes.Writer.TryWrite(r) };

    public string Output => Path.Combine(Folder.Root, "out");

    /// <summary>As if the agent had been restarted: a runtime that knows nothing but what is on disk.</summary>
    public IReadOnlyList<ProcessRecord> Restart()
    {
        runtime?.Dispose();
        runtime = null;
        while (changes.Reader.TryRead(out _))
        {
        }

        Ports = new PortPicker(IPAddress.Loopback, Folder.AgentId);
        return Runtime.Recover();
    }

    public ProcessStart Spec(string command, string instance = "web-1", int epoch = 1, string? folder = null, Dictionary<string, string>? env = null) => new(
        instance, epoch, command, folder ?? Folder.Root,
        port => new(env ?? [], StringComparer.Ordinal) { ["PATH"] = Environment.GetEnvironmentVariable("PATH")!, ["PORT"] = $"{port}" },
        Output, Path.Combine(Folder.Root, "err"));

    public ProcessRecord Start(string command, string instance = "web-1", int epoch = 1) => Runtime.Start(Spec(command, instance, epoch));

    /// <summary>The next change to one of these phases.</summary>
    public async Task<ProcessRecord> NextOf(params ProcPhase[] phases)
    {
        using var patience = new CancellationTokenSource(Until.Patience);
        await foreach (var record in changes.Reader.ReadAllAsync(patience.Token))
        {
            if (phases.Contains(record.Phase))
            {
                return record;
            }
        }

        throw new InvalidOperationException("the runtime stopped reporting");
    }

    /// <summary>The next change that ends an epoch of the instance.</summary>
    public async Task<ProcessRecord> EndOf(string instance = "web-1")
    {
        using var patience = new CancellationTokenSource(Patience);
        await foreach (var record in changes.Reader.ReadAllAsync(patience.Token))
        {
            if (record.Instance == instance && record.Phase is ProcPhase.Ended or ProcPhase.Failed)
            {
                return record;
            }
        }

        throw new InvalidOperationException("the runtime stopped reporting");
    }

    /// <summary>Makes a pipe in the data folder through which the program under test says where it is.</summary>
    public string Pipe(string name)
    {
        var path = Path.Combine(Folder.Root, name);
        using var mkfifo = System.Diagnostics.Process.Start("mkfifo", path);
        mkfifo.WaitForExit();
        return path;
    }

    /// <summary>The next line written into a pipe.</summary>
    public static Task<string> Heard(string pipe) => Task.Run(() => File.ReadLines(pipe).First()).WaitAsync(Patience);

    public static bool IsAlive(int pid) => ProcessTable.Stat(pid) is not null;

    public void Dispose()
    {
        runtime?.Dispose();
        events.Dispose();
        foreach (var process in ProcessTable.Tagged(Folder.AgentId))
        {
            ProcessTable.Kill(process.Stat);
        }

        Directory.Delete(Folder.Root, recursive: true);
    }
}
