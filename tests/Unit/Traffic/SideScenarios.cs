using System.Globalization;
using Mainstay.Tests.Scenarios;
using Mainstay.Traffic.Policies;
using Xunit;

namespace Mainstay.Tests.Traffic;

/// <summary>
/// When a request goes to the other side of a release. Commands: <c>side new|old share=PERCENT by=share|condition|caller</c>, <c>try none|refused|cut|answered own=ENDPOINTS [tried=INDEXES] other=ENDPOINTS</c>, where each
/// endpoint is <c>+</c>, or <c>-</c> where nobody could connect to it a moment ago.
/// </summary>
public sealed class SideScenarios
{
    const long Now = 1000;

    public static TheoryData<string> Files => ScenarioFile.In("side");

    [Theory]
    [MemberData(nameof(Files))]
    public void Every_question_gives_its_recorded_answer(string file) => ScenarioFile.Run(file, Run);

    static string Run(ScenarioStep step)
    {
        var words = step.Words;
        return words[0] switch
        {
            "side" => SideChange.May(words[1] == "new", int.Parse(Text(words, "share="), CultureInfo.InvariantCulture) * 100, Enum.Parse<SideBy>(Text(words, "by="), ignoreCase: true)) ? "may go to the other side" : "stays",
            "try" => SideChange.IsDue(Enum.Parse<LastTry>(words[1], ignoreCase: true), Loads(Text(words, "own=")), Marks(Text(words, "tried=")), Loads(Text(words, "other=")), Now) ? "goes to the other side" : "stays",
            _ => throw new ArgumentException($"'{words[0]}' is no command"),
        };
    }

    static Load[] Loads(string text) => [.. text.Select((one, index) => new Load($"i-{index}") { AloneUntilMs = one == '-' ? Now + 1 : 0 })];

    static ulong Marks(string text) => text.Aggregate(0UL, (all, digit) => all | (1UL << (digit - '0')));

    static string Text(string[] words, string start) => words.FirstOrDefault(word => word.StartsWith(start, StringComparison.Ordinal))?[start.Length..] ?? "";
}
