using System.Text.Json;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Traffic;

namespace Mainstay.Schedule.Drivers.Containers;

/// <summary>Tells the host's gateway in which network containers call it, before the first of them starts.</summary>
sealed class BridgeKeeper(DataFolder folder, EngineClient engine) : IDisposable
{
    readonly string path = ContainerBridge.FileIn(folder.Root);
    readonly SemaphoreSlim gate = new(1);

    /// <summary>The network as it is now.</summary>
    /// <exception cref="IOException">There is none that containers could call from, or it cannot be written down.</exception>
    public async Task<ContainerBridge> UseAsync(CancellationToken stop)
    {
        if (await engine.IsRootlessAsync(stop))
        {
            throw new IOException("the bridge network of a rootless engine does not reach this host, where its needs are; use 'network: host', or an engine that runs as root");
        }

        var bridge = await engine.BridgeAsync(stop)
            ?? throw new IOException("the engine's bridge network has no IPv4 address on this host, where its needs would be reached; give it one, or use 'network: host'");
        await gate.WaitAsync(stop);
        try
        {
            if (Read() != bridge)
            {
                Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                DataFolder.WriteAtomically(path, Codec.Encode(bridge));
            }
        }
        finally
        {
            gate.Release();
        }

        return bridge;
    }

    public void Dispose() => gate.Dispose();

    ContainerBridge? Read()
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
}
