using Mainstay.Host.Cli.Doctor;

namespace Mainstay.Tests.Host.Cli;

/// <summary>A machine as a scenario describes it.</summary>
sealed class FakeMachine : IMachine
{
    public Dictionary<string, string> Programs { get; } = new() { ["dotnet"] = "10.0.100", ["node"] = "v20.11.0" };

    public Dictionary<string, string> Files { get; } = [];

    public Dictionary<int, Listener> Listeners { get; } = [];

    public Dictionary<int, long> Processes { get; } = [];

    public RolesFound Roles { get; set; } = new([], false);

    public FolderFacts Disk { get; set; } = new(null, 50L << 30);

    public long? OpenFilesLimit { get; set; } = 1 << 20;

    public Task<string?> FirstLineOfAsync(string program, string argument, CancellationToken stop) => Task.FromResult(Programs.GetValueOrDefault(program));

    public FolderFacts Folder(string path) => Disk;

    public string? Read(string path) => Files.GetValueOrDefault(path);

    public Listener? ListenerOn(int port) => Listeners.GetValueOrDefault(port);

    public RolesFound RolesOf(string dataFolder) => Roles;

    public long? StartTicksOf(int pid) => Processes.TryGetValue(pid, out var ticks) ? ticks : null;
}
