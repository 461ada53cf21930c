using System.Diagnostics;
using System.Globalization;

namespace Mainstay.Bench.Ingest;

/// <summary>Offers recorded batches at a rate: each is due on a clock, whatever became of those before. What is turned away is not sent again, and what finds all connections busy is not sent at all.</summary>
/// <param name="admin">Asks the server what it counted.</param>
/// <param name="bodies">Of <paramref name="batch"/> spans each.</param>
/// <param name="connections">The most bodies under way.</param>
internal sealed class IngestOffer(HttpClient admin, byte[][] bodies, int batch, int connections)
{
    private long taken;
    private long turned;
    private long broken;
    private long failed;
    private double most;

    /// <summary>Runs, and tells what was sent beside what the server counted; false where the two differ.</summary>
    public async Task<bool> RunAsync(Uri http, int seconds, int rate)
    {
        using var client = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = connections }) { BaseAddress = http, Timeout = TimeSpan.FromSeconds(60) };
        using var free = new SemaphoreSlim(connections);
        var (takenBefore, turnedBefore) = (await IngestLoad.TakenAsync(admin), await IngestLoad.TurnedAwayAsync(admin));
        var (clock, cpu, under, due, notSent) = (Stopwatch.StartNew(), Environment.CpuUsage.TotalTime, new List<Task>(), 0L, 0L);
        var watched = WatchAsync(clock);
        for (; clock.Elapsed.TotalSeconds < seconds; due++)
        {
            var early = TimeSpan.FromSeconds((double)due * batch / rate) - clock.Elapsed;
            if (early > TimeSpan.FromMilliseconds(1))
            {
                await Task.Delay(early, TimeProvider.System);
            }

            if (free.Wait(0))
            {
                under.Add(SendAsync(client, bodies[due % bodies.Length], free));
            }
            else
            {
                notSent++;
            }
        }

        var (took, used) = (clock.Elapsed.TotalSeconds, (Environment.CpuUsage.TotalTime - cpu).TotalSeconds);
        await Task.WhenAll(under);
        var settled = clock.Elapsed.TotalSeconds;
        clock.Stop();
        await watched;
        var (counted, busy) = (await IngestLoad.TakenAsync(admin) - takenBefore, await IngestLoad.TurnedAwayAsync(admin) - turnedBefore);
        Say($"offered {due * batch / took:F0} spans/s  acknowledged {taken * batch / settled:F0} spans/s  bodies: sent {due - notSent}  acknowledged {taken}  told to come again {turned}  broken off {broken}  failed {failed}  not sent {notSent}");
        Say($"the server counted {counted} spans taken of {taken * batch} acknowledged, and {busy} bodies turned away; answers were all there after {settled - took:F1} s; server RSS at most {most / 1048576.0:F0} MiB  sender CPU {used / took:F2} cores");

        // A connection that breaks says nothing of whether its body was taken.
        return failed == 0 && taken > 0 && counted >= taken * batch && counted <= (taken + broken) * batch && busy >= turned;
    }

    private async Task SendAsync(HttpClient client, byte[] body, SemaphoreSlim free)
    {
        await Task.Yield();
        switch (await IngestLoad.PostAsync(client, body))
        {
            case >= 200 and < 300:
                Interlocked.Increment(ref taken);
                break;
            case 429 or 503:
                Interlocked.Increment(ref turned);
                break;
            case 0:
                Interlocked.Increment(ref broken);
                break;
            default:
                Interlocked.Increment(ref failed);
                break;
        }

        free.Release();
    }

    private async Task WatchAsync(Stopwatch clock)
    {
        while (clock.IsRunning)
        {
            most = Math.Max(most, await IngestLoad.ResidentAsync(admin));
            await Task.Delay(TimeSpan.FromMilliseconds(500), TimeProvider.System);
        }
    }

    private static void Say(FormattableString text) => Console.WriteLine(text.ToString(CultureInfo.InvariantCulture));
}
