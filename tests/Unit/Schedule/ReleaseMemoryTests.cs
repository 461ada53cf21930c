using Mainstay.Core.Kinds.Schedule;
using Mainstay.Tests.Scenarios;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Schedule;

public sealed class ReleaseMemoryTests
{
    [Fact]
    public void The_newest_releases_of_a_service_are_kept_and_counted_on()
    {
        var words = new ServiceWords();
        void Run(string command) => words.Run(new ScenarioStep(command, "", 1));
        Run("up h1");
        Run("gateway");
        for (var version = 0; version < ReleaseRecord.Kept + 5; version++)
        {
            Run($"declare web {version + 1}.0.0 1");
            Run("settle");
        }

        var kept = words.World.All<ReleaseRecord>().OrderBy(r => r.Number).ToArray();
        kept.Length.ShouldBe(ReleaseRecord.Kept);
        kept[^1].Number.ShouldBe(ReleaseRecord.Kept + 4);
        kept[0].Number.ShouldBe(5);
        kept.ShouldAllBe(r => r.Name == $"web.{r.Number}" && r.Release.Stage == ReleaseStage.Promoted && r.Release.From == $"{r.Number}.0.0" && r.Release.Version == $"{r.Number + 1}.0.0");
    }

    [Fact]
    public void A_way_that_goes_to_and_fro_keeps_its_beginning_and_its_newest_points()
    {
        var words = new ServiceWords();
        void Run(string command) => words.Run(new ScenarioStep(command, "", 1));
        Run("up h1");
        Run("gateway");
        Run("declare web 1.0.0 1");
        Run("settle");
        Run("declare web 2.0.0 1 release=canary steps=50 hold=1h");
        Run("settle");
        for (var round = 0; round < 50; round++)
        {
            Run("say web pause");
            Run("say web resume");
        }

        var marks = words.World.Get<Service>("web").Status.Release!.Marks;
        marks.Count.ShouldBe(64);
        marks[0].Stage.ShouldBe(ReleaseStage.Starting);
        marks[^1].Stage.ShouldBe(ReleaseStage.Holding);
    }
}
