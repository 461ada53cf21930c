using Mainstay.State.Flows;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.State.Flows;

/// <summary>Runs in a file.</summary>
public sealed class SqliteFlowTests : FlowJournalConformance
{
    [Fact]
    public async Task Nothing_lies_on_the_disk_before_the_first_run()
    {
        await using var engine = Engine(new FlowCallee());
        engine.Resume();
        (await engine.FindAsync("r1", Stop)).ShouldBeNull();
        Directory.EnumerateFiles(Folder).ShouldBeEmpty();
    }

    private protected override FlowEngineOptions At(IFlowCaller caller) => new() { Path = Path.Combine(Folder, "flows.db"), Time = Time, Caller = caller };
}
