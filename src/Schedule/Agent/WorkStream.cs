using System.Text.Json;
using Mainstay.Core.Kinds;

namespace Mainstay.Schedule.Agent;

/// <summary>
/// Follows what the server wants of this host: one line of JSON per message, an empty line as heartbeat. A stream without a byte for
/// <see cref="Silence"/> counts as dead; it is opened again: often during the first
/// second, since at a start the server comes last and nothing runs before this stream does, then four times a second.
/// </summary>
sealed class WorkStream(ServerLink server, TimeProvider time)
{
    /// <summary>The server sends a heartbeat each 2 s.</summary>
    public static readonly TimeSpan Silence = TimeSpan.FromSeconds(6);

    const int MaxLineBytes = 64 << 20;
    const int OftenTimes = 40;
    static readonly TimeSpan Often = TimeSpan.FromMilliseconds(25);
    static readonly TimeSpan Seldom = TimeSpan.FromMilliseconds(250);

    CancellationTokenSource? open;
    int renewals;

    /// <summary>Called when a stream was opened, before its first message.</summary>
    public required Action OnConnected { get; init; }

    public required Func<WorkMessage, CancellationToken, Task> OnMessage { get; init; }

    /// <summary>Called with why the stream ended, once per outage.</summary>
    public required Action<string, Exception> OnFault { get; init; }

    /// <summary>The number of the stream that messages come from now.</summary>
    public int Current { get; private set; }

    /// <summary>Has everything said anew, on a stream that is opened from now on; gives the least number that it has.</summary>
    public int Renew()
    {
        var number = Interlocked.Increment(ref renewals);
        try
        {
            Volatile.Read(ref open)?.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // That stream has ended; the next one is new.
        }

        return number;
    }

    /// <summary>How long to wait after so many failures in a row: a server that starts is there soon.</summary>
    public static TimeSpan PauseAfter(int failures) => failures <= OftenTimes ? Often : Seldom;

    /// <summary>Runs until stopped.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        var failures = 0;
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await FollowAsync(() => failures = 0, stop);
                failures++;
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception fault) when (fault is HttpRequestException or IOException or JsonException or OperationCanceledException or UnauthorizedAccessException)
            {
                if (failures++ == 0)
                {
                    OnFault("work", fault);
                }
            }

            await Task.Delay(PauseAfter(failures), time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    async Task FollowAsync(Action alive, CancellationToken stop)
    {
        using var silence = new CancellationTokenSource(Silence, time);
        Volatile.Write(ref open, silence);
        Current = Volatile.Read(ref renewals);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, silence.Token, server.Left);
        using var response = await server.CallAsync(HttpMethod.Get, "work", null, either.Token);
        using var stream = await response.Content.ReadAsStreamAsync(either.Token);
        OnConnected();
        var buffer = new byte[64 << 10];
        var used = 0;
        while (true)
        {
            var count = await stream.ReadAsync(buffer.AsMemory(used), either.Token);
            if (count == 0)
            {
                return;
            }

            silence.CancelAfter(Silence);
            used += count;
            var start = 0;
            for (int end; (end = buffer.AsSpan(start, used - start).IndexOf((byte)'\n')) >= 0; start += end + 1)
            {
                if (end > 1)
                {
                    alive();
                    await OnMessage(Codec.Decode<WorkMessage>(buffer.AsSpan(start, end)), stop);
                }
            }

            buffer.AsSpan(start, used - start).CopyTo(buffer);
            used -= start;
            if (used == buffer.Length)
            {
                Array.Resize(ref buffer, used < MaxLineBytes ? used * 2 : throw new IOException($"a line of the work stream exceeds {MaxLineBytes} bytes"));
            }
        }
    }
}
