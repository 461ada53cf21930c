using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Mainstay.EndToEnd.Harness;

/// <summary>Waiting for what other processes bring about: looked at often, for a bounded time.</summary>
static class Eventually
{
    static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(20);

    /// <summary>Gives the first value that is not null. Fails with <paramref name="state"/> when there was none within <paramref name="within"/>.</summary>
    public static async Task<T> GetAsync<T>(
        Func<Task<T?>> look, TimeSpan within, Func<string>? state = null, [CallerArgumentExpression(nameof(look))] string what = "")
        where T : class
    {
        var began = Stopwatch.GetTimestamp();
        using var timer = new PeriodicTimer(Glance);
        while (true)
        {
            if (await look() is { } found)
            {
                return found;
            }

            if (Stopwatch.GetElapsedTime(began) > within)
            {
                throw new TimeoutException($"not within {within.TotalSeconds:0.#} s: {what}\n{state?.Invoke()}");
            }

            await timer.WaitForNextTickAsync();
        }
    }

    /// <summary>Waits until <paramref name="holds"/>.</summary>
    public static Task IsAsync(
        Func<Task<bool>> holds, TimeSpan within, Func<string>? state = null, [CallerArgumentExpression(nameof(holds))] string what = "") =>
        GetAsync<object>(async () => await holds() ? holds : null, within, state, what);

    /// <summary>Waits until <paramref name="holds"/>.</summary>
    public static Task IsAsync(Func<bool> holds, TimeSpan within, Func<string>? state = null, [CallerArgumentExpression(nameof(holds))] string what = "") =>
        GetAsync<object>(() => Task.FromResult<object?>(holds() ? holds : null), within, state, what);

    /// <summary>Lets time pass in which nothing is to happen.</summary>
    public static async Task PassAsync(TimeSpan span)
    {
        using var timer = new PeriodicTimer(span);
        await timer.WaitForNextTickAsync();
    }
}
