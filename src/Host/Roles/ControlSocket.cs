using System.Collections.Concurrent;
using System.Net.Sockets;

namespace Mainstay.Host.Roles;

/// <summary>
/// How other commands speak to the supervisor of a data folder: one request line over a Unix socket (<c>stop</c>, <c>restart ROLE</c>), answered by lines of progress,
/// then the connection ends. The last line begins with <c>ok</c> or <c>error</c>; after a tab an error may have its remedy.
/// </summary>
sealed class ControlSocket(string path, Func<string, Func<string, Task>, Task<string>> answer)
{
    readonly ConcurrentDictionary<Task, bool> serving = [];

    /// <summary>Done when everybody who asked has the answer: a process that ends before leaves them without.</summary>
    public Task AnsweredAsync() => Task.WhenAll(serving.Keys);

    /// <summary>Serves until stopped.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        File.Delete(path);
        using var door = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        door.Bind(new UnixDomainSocketEndPoint(path));
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        door.Listen(16);
        try
        {
            while (true)
            {
                var one = ServeAsync(await door.AcceptAsync(stop), stop);
                serving[one] = true;
                _ = one.ContinueWith(ended => serving.TryRemove(ended, out _), TaskScheduler.Default);
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

    /// <summary>Sends a request; gives the last line. Null where no supervisor listens.</summary>
    public static async Task<string?> AskAsync(string path, string request, Action<string> progress, CancellationToken stop)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), stop);
        }
        catch (SocketException)
        {
            return null;
        }

        await using var stream = new NetworkStream(socket);
        await using var writer = new StreamWriter(stream) { AutoFlush = true, NewLine = "\n" };
        using var reader = new StreamReader(stream);
        await writer.WriteLineAsync(request.AsMemory(), stop);
        string? last = null;
        try
        {
            while (await reader.ReadLineAsync(stop) is { } line)
            {
                if (last is not null)
                {
                    progress(last);
                }

                last = line;
            }
        }
        catch (IOException)
        {
            // The supervisor is gone: for 'stop' that is success, told by its last line.
        }

        return last ?? "error the supervisor ended without an answer";
    }

    async Task ServeAsync(Socket client, CancellationToken stop)
    {
        try
        {
            await using var stream = new NetworkStream(client, ownsSocket: true);
            await using var writer = new StreamWriter(stream) { AutoFlush = true, NewLine = "\n" };
            using var reader = new StreamReader(stream);
            if (await reader.ReadLineAsync(stop) is { Length: < 256 } request)
            {
                await writer.WriteLineAsync(await answer(request, line => writer.WriteLineAsync(line)));
            }
        }
        catch (Exception gone) when (gone is IOException or SocketException or OperationCanceledException)
        {
            // Whoever asked has hung up; what was asked goes on.
        }
    }
}
