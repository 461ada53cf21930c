using Mainstay.Schedule.Decide;
using Mainstay.Schedule.Drivers;
using Mainstay.Tests.Conformance;

namespace Mainstay.Tests.Schedule.Drivers;

/// <summary>Processes keep the contract of runtimes.</summary>
public sealed class ProcessConformance : RuntimeConformance
{
    private protected override Task<IRuntimeBench> OpenAsync() => Task.FromResult<IRuntimeBench>(new Processes());

    sealed class Processes : IRuntimeBench
    {
        readonly RuntimeBench bench = new();

        public string Output => bench.Output;

        public string Error => Path.Combine(bench.Folder.Root, "err");

        public void Start(string command, int epoch, string instance) => bench.Start(command, instance, epoch);

        public void StartImpossible() => bench.Runtime.Start(bench.Spec("true", folder: "/no/such/folder"));

        public void Stop(int epoch, TimeSpan grace, string instance) => bench.Runtime.Stop(instance, epoch, grace);

        public void Forget(string instance) => bench.Runtime.Forget(instance);

        public Task StopKeptAsync() => Task.CompletedTask;

        public Task<IReadOnlyList<ProcessRecord>> RestartAsync() => Task.FromResult(bench.Restart());

        public Task<ProcessRecord> NextAsync(params ProcPhase[] phases) => bench.NextOf(phases);

        public ValueTask DisposeAsync()
        {
            bench.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
