using System.Runtime.CompilerServices;

namespace Mainstay.Tests;

/// <summary>
/// Waits for what other threads bring about, while a clock is moved or something is asked again. What has not come within a minute is a failure
/// that says what was waited for, never a hang.
/// </summary>
static class Until
{
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    public static async Task HoldsAsync(Func<Task<bool>> holds, Action? meanwhile = null, [CallerArgumentExpression(nameof(holds))] string what = "")
    {
        var began = TimeProvider.System.GetTimestamp();
        while (!await holds())
        {
            if (TimeProvider.System.GetElapsedTime(began) > Patience) throw new TimeoutException($"not within {Patience.TotalSeconds} s: {what}");
            meanwhile?.Invoke();
            await Task.Run(static () => { });
        }
    }

    public static Task HoldsAsync(Func<bool> holds, Action? meanwhile = null, [CallerArgumentExpression(nameof(holds))] string what = "") =>
        HoldsAsync(() => Task.FromResult(holds()), meanwhile, what);

    /// <summary>What <paramref name="awaited"/> gives.</summary>
    public static async Task<T> DoneAsync<T>(Task<T> awaited, Action meanwhile, [CallerArgumentExpression(nameof(awaited))] string what = "")
    {
        await HoldsAsync(() => awaited.IsCompleted, meanwhile, what);
        return await awaited;
    }

    public static async Task DoneAsync(Task awaited, Action meanwhile, [CallerArgumentExpression(nameof(awaited))] string what = "")
    {
        await HoldsAsync(() => awaited.IsCompleted, meanwhile, what);
        await awaited;
    }
}
