using Mainstay.Schedule.Drivers;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Schedule.Drivers;

public sealed class EventThreadTests
{
    [Fact]
    public async Task OneThatIsDisposedByItsOwnCallbackTakesNothingFromTheNextWithItsNumber()
    {
        for (var round = 0; round < 30; round++)
        {
            var first = new EventThread("first");
            var second = new TaskCompletionSource<EventThread>(TaskCreationOptions.RunContinuationsAsynchronously);
            var (one, other) = (Ready(), Ready());
            first.Add(one, once: true, () =>
            {
                first.Dispose();
                second.SetResult(new EventThread("second"));
            });
            using var next = await second.Task.WaitAsync(RuntimeBench.Patience, TimeProvider.System);
            var heard = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            next.Add(other, once: true, heard.SetResult);
            await heard.Task.WaitAsync(RuntimeBench.Patience, TimeProvider.System);
            next.Dispose();
            next.Dispose();
            Should.Throw<ObjectDisposedException>(() => next.Add(other, once: true, () => { }));
            (Posix.close(one), Posix.close(other)).ShouldBe((0, 0));
        }
    }

    // A descriptor that is readable.
    static int Ready() => Posix.eventfd(1, Posix.CloseOnExec | Posix.NonBlocking);
}
