using System.Globalization;
using Mainstay.Core.Kinds;
using Mainstay.Schedule.Decide;
using Mainstay.Tests.Scenarios;
using Xunit;

namespace Mainstay.Tests.Schedule;

/// <summary>
/// For how long runs of an agent own what could move. Commands: <c>run SPAN [boot=NAME]</c> (a run begins so long after the boot), <c>answered SPAN</c> (a report that was sent then was answered),
/// <c>look SPAN</c> (whether it is over), <c>lost-file</c> (what an earlier run left is gone).
/// </summary>
public sealed class LeaseScenarios
{
    LeaseTerm? kept;

    public static TheoryData<string> Files => ScenarioFile.In("lease");

    [Theory]
    [MemberData(nameof(Files))]
    public void Every_run_gives_its_recorded_trace(string file) => ScenarioFile.Run(file, Run);

    string Run(ScenarioStep step)
    {
        var words = step.Words;
        var at = words.Length > 1 && Durations.TryParse(words[1], out var given) ? given : default;
        switch (words[0])
        {
            case "run":
                kept = LeaseTerm.Begin(kept, words.Length > 2 ? words[2][5..] : "one", at);
                return $"{Show(kept)}: {(kept.IsOver(at) ? "over" : "goes on")}";
            case "answered":
                kept = kept!.Answered(at);
                return Show(kept);
            case "look":
                return kept!.IsOver(at) ? "over" : "goes on";
            case "lost-file":
                kept = null;
                return "";
            default:
                throw new ArgumentException($"'{words[0]}' is no command");
        }
    }

    static string Show(LeaseTerm term) => string.Create(
        CultureInfo.InvariantCulture, $"held {(term.Held is { } held ? Durations.Format(held) : "-")}, until {(term.Until is { } until ? Durations.Format(until) : "-")}");
}
