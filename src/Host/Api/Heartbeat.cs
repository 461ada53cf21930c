using System.Runtime.CompilerServices;

namespace Mainstay.Host.Api;

/// <summary>Interleaves a sequence with beats, so that both ends of a quiet stream know of each other.</summary>
public static class Heartbeat
{
    /// <summary>The items of <paramref name="source"/>, and null whenever <paramref name="every"/> has passed. Ends with the source.</summary>
    public static async IAsyncEnumerable<T?> With<T>(
        Func<CancellationToken, IAsyncEnumerable<T>> source, TimeSpan every, TimeProvider time, [EnumeratorCancellation] CancellationToken stop)
        where T : class
    {
        using var timer = new PeriodicTimer(every, time);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(stop);
        await using var items = source(ending.Token).GetAsyncEnumerator(ending.Token);
        var beat = timer.WaitForNextTickAsync(ending.Token).AsTask();
        var item = items.MoveNextAsync().AsTask();
        try
        {
            while (true)
            {
                if (await Task.WhenAny(item, beat) == beat && !item.IsCompleted)
                {
                    await beat;
                    yield return null;
                }
                else if (await item)
                {
                    yield return items.Current;
                    item = items.MoveNextAsync().AsTask();
                }
                else
                {
                    yield break;
                }

                if (beat.IsCompleted)
                {
                    beat = timer.WaitForNextTickAsync(ending.Token).AsTask();
                }
            }
        }
        finally
        {
            // An enumerator may not be disposed while it moves.
            await ending.CancelAsync();
            await item.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
    }
}
