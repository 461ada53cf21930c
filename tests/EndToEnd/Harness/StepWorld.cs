using System.Collections.Concurrent;
using System.Net;
using System.Text;

namespace Mainstay.EndToEnd.Harness;

/// <summary>
/// The services that flows call, in the test's own process, which nothing ends: <c>POST /RUN/STEP</c> does a step, <c>POST /RUN/unSTEP</c> takes it back, and what came with an Idempotency-Key before is answered as then. Some steps of some runs
/// are refused, and many answers come late.
/// </summary>
sealed class StepWorld : IAsyncDisposable
{
    readonly HttpListener listener = new();
    readonly Random chance = new(1);
    readonly ConcurrentDictionary<string, (string Run, string Step, bool Refused)> done = new();
    readonly ConcurrentDictionary<string, int> calls = new();
    readonly Task serving;

    public StepWorld()
    {
        Port = Ports.Free(1)[0];
        listener.Prefixes.Add($"http://127.0.0.1:{Port}/");
        listener.Start();
        serving = ServeAsync();
    }

    public int Port { get; }

    /// <summary>Calls in all, and how many of them were made before by the same key.</summary>
    public (int Calls, int Again) Counted => (calls.Values.Sum(), calls.Values.Sum(n => n - 1));

    /// <summary>Whether a run with this number is one that ends in compensation.</summary>
    public static bool IsRefused(int number) => number % 4 == 3 || number % 8 == 5;

    /// <summary>Of each run the steps that were done and not taken back.</summary>
    public ILookup<string, string> Left()
    {
        var all = done.Values.Where(d => !d.Refused).Select(d => (d.Run, d.Step)).ToHashSet();
        return all.Where(d => !d.Step.StartsWith("un", StringComparison.Ordinal) && !all.Contains((d.Run, "un" + d.Step))).ToLookup(d => d.Run, d => d.Step, StringComparer.Ordinal);
    }

    /// <summary>Steps that were done by more than one key.</summary>
    public IReadOnlyList<string> Twice() => [.. done.Values.Where(d => !d.Refused).GroupBy(d => $"{d.Run}/{d.Step}").Where(g => g.Count() > 1).Select(g => g.Key)];

    public async ValueTask DisposeAsync()
    {
        listener.Stop();
        await serving;
        listener.Close();
    }

    async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                _ = AnswerAsync(await listener.GetContextAsync());
            }
        }
        catch (Exception over) when (over is HttpListenerException or ObjectDisposedException or InvalidOperationException)
        {
            // It was stopped.
        }
    }

    async Task AnswerAsync(HttpListenerContext context)
    {
        try
        {
            var (request, answer) = (context.Request, context.Response);
            answer.StatusCode = 200;
            if (request.Headers["Idempotency-Key"] is { } key && request.Url!.AbsolutePath.Split('/') is [_, var run, var step])
            {
                calls.AddOrUpdate(key, 1, static (_, n) => n + 1);
                var number = int.Parse(run.AsSpan(run.LastIndexOf('-') + 1), System.Globalization.CultureInfo.InvariantCulture);
                var known = done.GetOrAdd(key, _ => (run, step, (step == "charge" && number % 4 == 3) || (step == "ship" && number % 8 == 5)));
                answer.StatusCode = known.Refused ? 402 : 200;
                int late;
                lock (chance)
                    late = chance.Next(3) == 0 ? chance.Next(1, 60) : 0;
                if (late > 0)
                    await Eventually.PassAsync(TimeSpan.FromMilliseconds(late));
            }

            answer.ContentType = "application/json";
            answer.Close(Encoding.UTF8.GetBytes("""{"ok":true}"""), willBlock: false);
        }
        catch (Exception gone) when (gone is HttpListenerException or ObjectDisposedException or IOException or InvalidOperationException)
        {
            // Whoever asked was killed.
        }
    }
}
