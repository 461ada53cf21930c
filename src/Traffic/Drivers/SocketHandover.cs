using System.Net;
using System.Net.Sockets;

namespace Mainstay.Traffic.Drivers;

/// <summary>
/// The gateway's side of the <see cref="FdStore"/>: takes all kept listening sockets at start, deposits each one that it opens itself,
/// and has those forgotten whose listener is gone. A store that cannot be reached is no failure: the gateway then works alone.
/// </summary>
public sealed class SocketHandover : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);
    private readonly string path;
    private readonly Dictionary<string, Socket> taken = [];

    /// <summary>Takes what the store holds.</summary>
    /// <param name="path">The store's Unix domain socket.</param>
    public SocketHandover(string path)
    {
        this.path = path;
        Take();
    }

    /// <summary>Requests that the store did not answer.</summary>
    public int Failures { get; private set; }

    /// <summary>The name under which a listening socket is kept.</summary>
    /// <param name="at">Its address.</param>
    /// <param name="index">Its number among the sockets of that address.</param>
    public static string NameOf(IPEndPoint at, int index = 0) => index == 0 ? $"tcp:{at}" : $"tcp:{at}#{index}";

    /// <summary>The kept socket of that name, which then belongs to the caller; null if there is none.</summary>
    public Socket? Claim(string name)
    {
        lock (taken) return taken.Remove(name, out var socket) ? socket : null;
    }

    /// <summary>Stores a duplicate of a listening socket.</summary>
    public void Deposit(string name, Socket socket) =>
        Ask($"put {name}", (int)socket.SafeHandle.DangerousGetHandle());

    /// <summary>Has the store close its duplicate.</summary>
    public void Forget(string name) => Ask($"forget {name}", -1);

    /// <summary>Closes, here and in the store, each taken socket that no listener claimed.</summary>
    public void ForgetUnclaimed()
    {
        List<string> names;
        lock (taken) names = [.. taken.Keys];
        foreach (var name in names)
        {
            Forget(name);
            Claim(name)?.Dispose();
        }
    }

    /// <summary>Closes what was taken and not claimed, in this process only.</summary>
    public void Dispose()
    {
        lock (taken)
        {
            foreach (var socket in taken.Values)
            {
                UnixDescriptors.MarkShared(socket.SafeHandle);
                socket.Dispose();
            }
            taken.Clear();
        }
    }

    private void Take()
    {
        using var store = Connect();
        if (store is null || !UnixDescriptors.Send(store.SafeHandle, "take"))
        {
            Failures++;
            return;
        }
        while (UnixDescriptors.Receive(store.SafeHandle, out var descriptor) is { } line && line != "end")
        {
            if (descriptor < 0) continue;
            var socket = new Socket(new SafeSocketHandle(descriptor, ownsHandle: true));
            lock (taken) taken[line] = socket;
        }
    }

    private void Ask(string line, int descriptor)
    {
        using var store = Connect();
        var answered = store is not null
            && UnixDescriptors.Send(store.SafeHandle, line, descriptor)
            && UnixDescriptors.Receive(store.SafeHandle, out _) == "ok";
        if (!answered) Failures++;
    }

    private Socket? Connect()
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
        {
            ReceiveTimeout = (int)Patience.TotalMilliseconds,
            SendTimeout = (int)Patience.TotalMilliseconds,
        };
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(path));
            return socket;
        }
        catch (SocketException)
        {
            socket.Dispose();
            return null;
        }
    }
}
