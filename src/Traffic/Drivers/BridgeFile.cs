using System.Text.Json;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Traffic;

namespace Mainstay.Traffic.Drivers;

/// <summary>What the host's agent says of the network that containers call from, now and whenever it says something else. What cannot be read is nothing.</summary>
internal sealed class BridgeFile : IDisposable
{
    private readonly string path;
    private readonly FileSystemWatcher? watcher;

    /// <param name="dataFolder">The data folder.</param>
    /// <param name="changed">Called on a thread of the pool after it was written.</param>
    /// <param name="log">Takes a line for people.</param>
    public BridgeFile(string dataFolder, Action changed, Action<string> log)
    {
        path = ContainerBridge.FileIn(dataFolder);
        try
        {
            var folder = Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!).FullName;
            watcher = new FileSystemWatcher(folder, System.IO.Path.GetFileName(path));
            watcher.Created += (_, _) => changed();
            watcher.Changed += (_, _) => changed();
            watcher.Renamed += (_, _) => changed();
            watcher.Error += (_, _) => changed();
            watcher.EnableRaisingEvents = true;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            log($"{path} cannot be watched: {fault.Message}; containers in another bridge network are served after the next start");
        }
    }

    public ContainerBridge? Read()
    {
        try
        {
            return Codec.Decode<ContainerBridge>(File.ReadAllBytes(path));
        }
        catch (Exception absent) when (absent is IOException or UnauthorizedAccessException or JsonException)
        {
            return null;
        }
    }

    public void Dispose() => watcher?.Dispose();
}
