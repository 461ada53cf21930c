using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Reconcile;
using Mainstay.Core.Store;
using Mainstay.Core.Time;
using Machine = Mainstay.Core.Kinds.Schedule.Host;

namespace Mainstay.Tests.Core.Reconcile;

/// <summary>A loop over hosts on virtual time: what it asks and what its driver does is kept; what is answered is up to the test.</summary>
sealed class LoopBed : IReconciler, IDriver, IDisposable
{
    readonly CancellationTokenSource stop = new();
    Task? running;

    public LoopBed(Func<LoopBed, IStore>? store = null, LoopOptions? options = null)
    {
        Memory = new MemoryStore(Time, keepRevisions: 8);
        Store = store?.Invoke(this) ?? Memory;
        Loop = new Loop(Store, CoreKinds.All, this, this, Time, options) { OnFault = (what, fault) => Faults.Add($"{what}: {fault.Message}") };
    }

    public FakeTime Time { get; } = new();

    public VirtualThread Thread { get; } = new();

    public MemoryStore Memory { get; }

    public IStore Store { get; }

    public Loop Loop { get; }

    /// <summary>Each pass as <c>key@seconds</c>.</summary>
    public List<string> Passes { get; } = [];

    public List<string> Acts { get; } = [];

    public List<string> Faults { get; } = [];

    public Func<string, Snapshot, DateTimeOffset, Plan?> Decide { get; set; } = (_, _, _) => null;

    public Func<Act, CancellationToken, ValueTask> Drive { get; set; } = (_, _) => ValueTask.CompletedTask;

    public string Name => "test";

    public IReadOnlyList<Type> Watches { get; } = [typeof(Machine)];

    public IEnumerable<string> Affected(Resource? before, Resource? after, Snapshot seen) => [(after ?? before)!.Name];

    public Plan? Next(string key, Snapshot seen, DateTimeOffset now)
    {
        Passes.Add($"{key}@{Time.Elapsed.TotalSeconds:0.###}");
        return Decide(key, seen, now);
    }

    public ValueTask DoAsync(Act act, CancellationToken stopping)
    {
        Acts.Add(act.Id);
        return Drive(act, stopping);
    }

    public LoopBed Start()
    {
        running = Thread.Enter(() => Loop.RunAsync(stop.Token));
        Thread.RunReady();
        return this;
    }

    public Task Stop()
    {
        Thread.Enter(() =>
        {
            stop.Cancel();
            return true;
        });
        Thread.RunReady();
        return running!;
    }

    public void Dispose() => stop.Dispose();

    /// <summary>Writes a host as somebody else does.</summary>
    public void Put(string name, string address = "1") => Write(new Operation($"host/{name}", Codec.Encode(new Machine { Name = name, Address = address })));

    public void Delete(string name) => Write(new Operation($"host/{name}", null));

    public void Write(params Operation[] operations)
    {
        Thread.Run(() => Memory.CommitAsync(new Commit([], operations)).AsTask());
        Thread.RunReady();
    }

    /// <summary>Moves the clock from timer to timer and runs what becomes ready.</summary>
    public void Wait(double seconds)
    {
        var end = Time.Elapsed + TimeSpan.FromSeconds(seconds);
        Thread.RunReady();
        while (Time.Next is { } next && next <= end)
        {
            Time.Advance(next - Time.Elapsed);
            Thread.RunReady();
        }

        Time.Advance(end - Time.Elapsed);
    }

    public string TakePasses()
    {
        var text = string.Join(' ', Passes);
        Passes.Clear();
        return text;
    }

    public static Machine At(Machine host, string address) => host with { Address = address };

    public sealed record Poke(string Key) : Act(Key);
}
