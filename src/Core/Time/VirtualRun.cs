namespace Mainstay.Core.Time;

/// <summary>
/// What takes place in virtual time: a clock, the one thread on which everything runs in the order in which it became ready, and nothing else. A run of the same things with the same inputs is the same run.
/// Not safe for several callers at a time.
/// </summary>
/// <param name="clock">Its clock.</param>
public class VirtualRun(VirtualClock clock)
{
    public VirtualClock Clock => clock;

    public VirtualThread Thread { get; } = new();

    public DateTimeOffset Now => clock.GetUtcNow();

    /// <summary>The first thing that failed where nothing may.</summary>
    public Exception? Failure { get; private set; }

    public Task Delay(TimeSpan span, CancellationToken stop = default) => Task.Delay(span, clock, stop);

    /// <summary>Runs something later, on the one thread.</summary>
    public void After(TimeSpan span, Action what)
    {
        async Task LaterAsync()
        {
            await Delay(span);
            what();
        }

        Start(LaterAsync);
    }

    /// <summary>Starts something asynchronous that ends quietly when it is stopped and loudly when it fails.</summary>
    public void Start(Func<Task> what)
    {
        async Task GuardedAsync()
        {
            try
            {
                await what();
            }
            catch (OperationCanceledException)
            {
            }
            catch (Exception fault)
            {
                Failure ??= fault;
            }
        }

        _ = Thread.Enter(GuardedAsync);
    }

    /// <summary>Lets <paramref name="span"/> pass: everything that is ready runs before the clock moves to the next timer. What failed is thrown.</summary>
    /// <param name="span">How long.</param>
    /// <param name="look">Called whenever nothing is ready any more, before the clock moves.</param>
    public void Pass(TimeSpan span, Action look)
    {
        var end = clock.Elapsed + span;
        while (true)
        {
            Thread.RunReady();
            look();
            if (Failure is { } failure)
            {
                throw new InvalidOperationException(failure.Message, failure);
            }

            if (clock.Next is not { } next || next > end)
            {
                break;
            }

            clock.Advance(next - clock.Elapsed);
        }

        clock.Advance(end - clock.Elapsed);
    }
}
