using Shouldly;
using Xunit;

namespace Mainstay.Tests.Sim;

/// <summary>
/// The control plane against seeded faults; <c>docs/simulator.md</c> says what is simulated and what must hold. <c>MAINSTAY_SIM_SEEDS=5000</c> runs so
/// many seeds, <c>MAINSTAY_SIM_SEED=123</c> one of them with its whole trace.
/// </summary>
public sealed class SimulatorTests(ITestOutputHelper output)
{
    const int Chunks = 10;
    const int Usual = 120;

    public static TheoryData<int> Parts => [.. Enumerable.Range(0, Chunks)];

    [Theory]
    [MemberData(nameof(Parts))]
    public void EveryHistoryObeysTheLawsAndConverges(int part)
    {
        if (Number("MAINSTAY_SIM_SEED") is { } only)
        {
            Run(only, whole: true);
            return;
        }

        var seeds = Number("MAINSTAY_SIM_SEEDS") ?? Usual;
        for (var seed = part; seed < seeds; seed += Chunks)
        {
            Run(seed, whole: false);
        }
    }

    /// <summary>Histories of longer runs that once broke a law.</summary>
    [Theory]
    [InlineData(1562)] // the commits that lose a host fail, one after another
    [InlineData(4009)] // instances of a former version crash in a loop beside a build that failed
    [InlineData(4685)] // a service without a good version is scaled while it crashes in a loop
    public void AHistoryThatOnceFailedHolds(int seed) => Run(seed, whole: false);

    [Fact]
    public void ASeedIsAHistory()
    {
        var (one, two) = (new Simulation(7), new Simulation(7));
        one.Run();
        two.Run();
        two.Trace.ShouldBe(one.Trace);
    }

    void Run(int seed, bool whole)
    {
        var run = new Simulation(seed);
        try
        {
            run.Run();
        }
        catch (Exception fault)
        {
            throw new InvalidOperationException(
                $"seed {seed}: {fault.Message}\nreplay: MAINSTAY_SIM_SEED={seed} dotnet run --project tests/Unit -- -class {typeof(SimulatorTests).FullName}\n{string.Join('\n', run.Trace.TakeLast(whole ? int.MaxValue : 60))}",
                fault);
        }

        if (whole)
        {
            output.WriteLine(string.Join('\n', run.Trace));
        }
    }

    static int? Number(string variable) => int.TryParse(Environment.GetEnvironmentVariable(variable), out var number) ? number : null;
}
