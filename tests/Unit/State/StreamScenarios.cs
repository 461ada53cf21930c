using System.Globalization;
using Mainstay.State.Decide;
using Mainstay.Tests.Scenarios;
using Xunit;

namespace Mainstay.Tests.State;

/// <summary>
/// What a stream takes. Commands: <c>append version=N expected=E events=N|known=V,V… [gone]</c>, <c>keep version=N first=N events=N</c>, <c>expected TEXT…</c>, <c>name TEXT…</c>,
/// <c>means PATTERN STREAM…</c>.
/// </summary>
public sealed class StreamScenarios
{
    public static TheoryData<string> Files => ScenarioFile.In("stream");

    [Theory]
    [MemberData(nameof(Files))]
    public void Every_command_gives_its_recorded_trace(string file) => ScenarioFile.Run(file, step => Run(step.Words));

    static string Run(string[] words)
    {
        switch (words[0])
        {
            case "append":
                ExpectedVersion.TryParse(Given(words, "expected"), out var expected);
                long[] known = Given(words, "known") is { } text ? [.. text.Split(',').Select(Number)] : new long[Number(Given(words, "events")!)];
                var verdict = StreamDecide.Append(new(Number(Given(words, "version")!), 1, words.Contains("gone")), expected, known);
                return verdict.Fate switch
                {
                    AppendFate.Append => $"appended from {verdict.Version}",
                    AppendFate.Repeated => $"was appended, from {verdict.Version}",
                    AppendFate.WrongVersion => $"the version is {verdict.Version}",
                    AppendFate.IdTaken => $"event {verdict.Index} is version {verdict.Version}",
                    _ => "deleted",
                };
            case "keep":
                return $"from {StreamDecide.FirstOf(new(Number(Given(words, "version")!), Number(Given(words, "first")!), false), Number(Given(words, "events")!))}";
            case "expected":
                return string.Join('\n', words[1..].Select(w => ExpectedVersion.TryParse(w, out var parsed) ? $"{w}: {parsed.Version?.ToString(CultureInfo.InvariantCulture) ?? "whatever"}" : $"{w}: no version"));
            case "name":
                return string.Join('\n', words[1..].Select(w => $"{w}: {(StreamDecide.IsName(w) ? "yes" : "no")}"));
            default:
                return string.Join('\n', words[2..].Select(w => $"{w}: {(StreamDecide.Means(words[1], w) ? "yes" : "no")}"));
        }
    }

    static string? Given(string[] words, string name) => words.FirstOrDefault(w => w.StartsWith(name + "=", StringComparison.Ordinal))?[(name.Length + 1)..];

    static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);
}
