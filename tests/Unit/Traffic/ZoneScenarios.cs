using System.Globalization;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Tests.Scenarios;
using Mainstay.Traffic.Policies;
using Xunit;

namespace Mainstay.Tests.Traffic;

/// <summary>
/// Which part of the requests stays in the zone. Commands: <c>zone healthy=PERCENT inFlight=COUNT</c>, <c>look near=USABLE/ALL@INFLIGHT far=USABLE/ALL@INFLIGHT [times=COUNT]</c>.
/// </summary>
public sealed class ZoneScenarios
{
    ZoneShare share = new(new ZoneSpec());

    public static TheoryData<string> Files => ScenarioFile.In("zone");

    [Theory]
    [MemberData(nameof(Files))]
    public void Every_look_gives_its_recorded_trace(string file) => ScenarioFile.Run(file, Run);

    string Run(ScenarioStep step)
    {
        var words = step.Words;
        if (words[0] == "zone")
        {
            share = new ZoneShare(new ZoneSpec { Healthy = Share.Percent(Of(words, "healthy=")), InFlight = Of(words, "inFlight=") });
            return "";
        }

        var (near, far) = (Standing(Text(words, "near=")), Standing(Text(words, "far=")));
        for (var time = 0; time < (words.Length > 3 ? Of(words, "times=") : 1); time++) share.Beat(near, far);
        return string.Create(CultureInfo.InvariantCulture, $"{share.Share:P1} near{(share.Why.Length > 0 ? ": " + share.Why : "")}");
    }

    static ZoneStanding Standing(string text)
    {
        var parts = text.Split('/', '@');
        return new ZoneStanding(Number(parts[1]), Number(parts[0]), Number(parts[2]));
    }

    static string Text(string[] words, string start) => words.Single(word => word.StartsWith(start, StringComparison.Ordinal))[start.Length..];

    static int Of(string[] words, string start) => Number(Text(words, start));

    static int Number(string word) => int.Parse(word, CultureInfo.InvariantCulture);
}
