using System.Net.Sockets;

namespace Mainstay.Traffic.Drivers;

/// <summary>
/// Keeps listening sockets alive in the supervisor while gateways come and go: a connection that arrives when no gateway runs waits in
/// the backlog, and a successor accepts on the same sockets as the gateway that drains beside it.
/// </summary>
/// <remarks>
/// The protocol on the Unix domain socket, one request per connection, each line ended by LF: <c>put NAME</c> with a
/// descriptor stores it (an older one of that name is closed); <c>forget NAME</c> closes it; <c>take</c> answers one <c>NAME</c> line with a
/// descriptor for each that is stored, then <c>end</c>. The other two answer <c>ok</c>. Names look like <c>tcp:127.0.0.1:8080</c>.
/// <c>standby PID</c> is answered late: with <c>go</c> when that process is to serve, or by closing the connection when it never will.
/// The socket's file is readable by its owner only.
/// </remarks>
public sealed class FdStore : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);
    private readonly Dictionary<string, int> kept = [];
    private readonly Dictionary<int, Socket> standing = [];
    private bool disposed;

    /// <summary>The names of the stored sockets.</summary>
    public IReadOnlyList<string> Names
    {
        get { lock (kept) return [.. kept.Keys]; }
    }

    /// <summary>The processes that stand by.</summary>
    public IReadOnlyList<int> StandingBy
    {
        get { lock (kept) return [.. standing.Keys]; }
    }

    /// <summary>Serves until stopped. A file left at the path by an earlier supervisor is replaced.</summary>
    /// <param name="path">The Unix domain socket; at most about 100 bytes, a limit of the system.</param>
    /// <param name="stop">Ends it; stored sockets are kept until <see cref="Dispose"/>.</param>
    /// <param name="listening">Called once when gateways can connect.</param>
    public async Task RunAsync(string path, CancellationToken stop, Action? listening = null)
    {
        File.Delete(path);
        using var door = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        door.Bind(new UnixDomainSocketEndPoint(path));
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        door.Listen(16);
        listening?.Invoke();
        try
        {
            while (true)
            {
                var client = await door.AcceptAsync(stop);
                // A thread of its own, because recvmsg blocks; a gateway asks a handful of times in its life.
                new Thread(() => Answer(client)) { IsBackground = true, Name = "fd store" }.Start();
            }
        }
        catch (OperationCanceledException)
        {
            // Stopped as asked.
        }
        finally
        {
            File.Delete(path);
        }
    }

    /// <summary>Closes a stored socket: its port is free once no gateway listens on it. False when there is none of that name.</summary>
    public bool Release(string name)
    {
        lock (kept)
        {
            if (!kept.Remove(name, out var descriptor)) return false;
            UnixDescriptors.Close(descriptor);
            return true;
        }
    }

    /// <summary>Has a process that stands by serve from now on. False where it does not, or not any more.</summary>
    public bool Promote(int pid)
    {
        lock (kept)
        {
            if (!standing.Remove(pid, out var client)) return false;
            using (client) return UnixDescriptors.Send(client.SafeHandle, "go");
        }
    }

    public void Dispose()
    {
        lock (kept)
        {
            disposed = true;
            foreach (var client in standing.Values) client.Dispose();
            standing.Clear();
            foreach (var descriptor in kept.Values) UnixDescriptors.Close(descriptor);
            kept.Clear();
        }
    }

    private void Answer(Socket client)
    {
        client.Blocking = true;
        client.ReceiveTimeout = client.SendTimeout = (int)Patience.TotalMilliseconds;
        var line = UnixDescriptors.Receive(client.SafeHandle, out var descriptor);
        if (line?.StartsWith("standby ", StringComparison.Ordinal) == true && int.TryParse(line[8..], out var pid) && StandBy(pid, client)) return;
        using var _ = client;
        if (line == "take")
        {
            Give(client);
        }
        else if (line?.StartsWith("put ", StringComparison.Ordinal) == true && descriptor >= 0)
        {
            Keep(line[4..], descriptor);
            descriptor = -1;
            UnixDescriptors.Send(client.SafeHandle, "ok");
        }
        else if (line?.StartsWith("forget ", StringComparison.Ordinal) == true)
        {
            Release(line[7..]);
            UnixDescriptors.Send(client.SafeHandle, "ok");
        }
        if (descriptor >= 0) UnixDescriptors.Close(descriptor);
    }

    private bool StandBy(int pid, Socket client)
    {
        lock (kept)
        {
            if (disposed) return false;
            if (standing.Remove(pid, out var before)) before.Dispose();
            standing[pid] = client;
            return true;
        }
    }

    private void Keep(string name, int descriptor)
    {
        lock (kept)
        {
            if (disposed)
            {
                UnixDescriptors.Close(descriptor);
                return;
            }
            if (kept.Remove(name, out var before)) UnixDescriptors.Close(before);
            kept[name] = descriptor;
        }
    }

    private void Give(Socket client)
    {
        lock (kept)
        {
            foreach (var (name, descriptor) in kept)
            {
                if (!UnixDescriptors.Send(client.SafeHandle, name, descriptor)) return;
            }
        }
        UnixDescriptors.Send(client.SafeHandle, "end");
    }
}
