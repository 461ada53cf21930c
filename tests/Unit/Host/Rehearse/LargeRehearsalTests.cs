using Mainstay.Core.Kinds.Schedule;
using Mainstay.Host.Rehearse;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Host.Rehearse;

/// <summary>A large system of which a tenth of the hosts fail; <c>MAINSTAY_REHEARSE_HOSTS=1000</c> measures one of so many hosts with ten instances each.</summary>
public sealed class LargeRehearsalTests(ITestOutputHelper output)
{
    const int PerHost = 10;

    [Fact]
    public async Task ATenthOfTheHostsIsLostAndAllIsReplaced()
    {
        var hosts = int.TryParse(Environment.GetEnvironmentVariable("MAINSTAY_REHEARSE_HOSTS"), out var number) ? number : 30;
        var services = Math.Max(5, hosts / 10);
        var each = hosts * PerHost / services;
        var lines = Enumerable.Range(1, hosts).Select(h => $"host h{h} zone=z{h % 3}").Concat(Enumerable.Range(1, services).Select(s => $"service s{s} instances={each} start=2s"));
        var state = RehearsalStage.Of(string.Join('\n', lines));
        var lost = Enumerable.Range(1, hosts / 10).Select(h => $"h{h * 10}").ToArray();
        var (terms, problems) = RehearsalRules.Read(new() { What = "host-down", Names = lost, For = "1m" }, RehearsalScenarios.SeenOf(state));
        problems.ShouldBeEmpty();

        var (report, _) = await Rehearsal.RunAsync(state, terms!, TimeProvider.System, TestContext.Current.CancellationToken);
        report!.Open.ShouldBeEmpty("everything is replaced");
        report.Lines.Count(l => l.Kind == RehearsalStep.Host).ShouldBe(lost.Length);
        report.Services.ShouldAllBe(s => s.Without == 0);
        output.WriteLine($"{hosts} hosts, {state.Resources.OfType<Instance>().Count()} instances, {lost.Length} hosts lost, {report.Seconds} s rehearsed in {report.TookMs} ms");
    }
}
