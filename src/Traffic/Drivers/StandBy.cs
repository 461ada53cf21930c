using System.Net.Sockets;
using System.Text;

namespace Mainstay.Traffic.Drivers;

/// <summary>The side of the <see cref="FdStore"/>'s protocol that belongs to a gateway which is warm, serves nothing yet, and takes over when it is told.</summary>
internal static class StandBy
{
    /// <summary>Waits to be told. False where it never will be: stopped, or the store is gone.</summary>
    /// <param name="path">The store's Unix domain socket.</param>
    /// <param name="standing">Called once when the store knows of it.</param>
    /// <param name="stop">Ends it.</param>
    public static async Task<bool> WaitAsync(string path, Action standing, CancellationToken stop)
    {
        using var store = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        var told = new byte[3];
        try
        {
            await store.ConnectAsync(new UnixDomainSocketEndPoint(path), stop);
            await store.SendAsync(Encoding.UTF8.GetBytes($"standby {Environment.ProcessId}\n"), SocketFlags.None, stop);
            standing();
            var length = 0;
            while (length < told.Length && await store.ReceiveAsync(told.AsMemory(length), SocketFlags.None, stop) is > 0 and var read) length += read;
            return told.AsSpan().SequenceEqual("go\n"u8);
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            return false;
        }
    }
}
