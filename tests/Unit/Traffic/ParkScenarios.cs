using System.Globalization;
using Mainstay.Tests.Scenarios;
using Mainstay.Traffic.Policies;
using Xunit;

namespace Mainstay.Tests.Traffic;

/// <summary>At which pace requests go that waited. Commands: <c>beat STATE waiting=COUNT [left=BEATS]</c>, <c>failed</c>, <c>ping good|bad</c>.</summary>
public sealed class ParkScenarios
{
    readonly ParkPace pace = new();
    BreakerState state;

    public static TheoryData<string> Files => ScenarioFile.In("park");

    [Theory]
    [MemberData(nameof(Files))]
    public void Every_beat_gives_its_recorded_trace(string file) => ScenarioFile.Run(file, Run);

    string Run(ScenarioStep step)
    {
        var words = step.Words;
        var go = "";
        switch (words[0])
        {
            case "beat":
                state = Enum.Parse<BreakerState>(words[1], ignoreCase: true);
                go = $"{pace.Next(state, Of(words, "waiting="), Of(words, "left="))} go";
                break;
            case "failed":
                pace.Failed();
                break;
            case "ping":
                pace.Pinged(words[1] == "good");
                break;
            default:
                throw new ArgumentException($"'{words[0]}' is no command");
        }

        return go + (pace.WantsPing(state) ? (go.Length > 0 ? ", " : "") + "a ping is wanted" : "");
    }

    static int Of(string[] words, string start) =>
        words.FirstOrDefault(word => word.StartsWith(start, StringComparison.Ordinal)) is { } word ? int.Parse(word[start.Length..], CultureInfo.InvariantCulture) : 0;
}
