using System.Globalization;
using System.Text;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Tests.Scenarios;
using Mainstay.Traffic.Path;
using Mainstay.Traffic.Policies;
using Xunit;

namespace Mainstay.Tests.Traffic.Requests;

/// <summary>
/// What the end of an attempt means, and what follows. Commands: <c>judge STATUS|REASON sent|unsent [repeats]</c>, <c>later OUTCOME attempt=N age=DURATION [answered] [repeats]</c>,
/// <c>asked WAIT LINE</c>, <c>key VALUE</c>.
/// </summary>
public sealed class OutcomeScenarios
{
    static readonly AsyncSpec Spec = new();

    public static TheoryData<string> Files => ScenarioFile.In("outcome");

    [Theory]
    [MemberData(nameof(Files))]
    public void Play(string file) => ScenarioFile.Run(file, step => Do(step.Words, step.Command));

    static string Do(string[] words, string command)
    {
        var repeats = words.Contains("repeats");
        switch (words[0])
        {
            case "judge":
                var isStatus = int.TryParse(words[1], NumberStyles.None, CultureInfo.InvariantCulture, out var status);
                return RequestRules.Judge(isStatus ? Reason.None : Enum.Parse<Reason>(words[1]), words[2] == "sent", status, repeats).ToString();
            case "later":
                var (how, after) = RequestRules.Later(Enum.Parse<RequestOutcome>(words[1]), words.Contains("answered"), int.Parse(Of(words, "attempt="), CultureInfo.InvariantCulture), Span(Of(words, "age=")), Spec, repeats);
                return how + (after > TimeSpan.Zero ? $" after {Durations.Format(after)}" : "");
            case "asked":
                return Durations.Format(RequestRules.AsAsked(Span(words[1]), Encoding.ASCII.GetBytes($"Server: x\r\n{command[(command.IndexOf(words[1], StringComparison.Ordinal) + words[1].Length + 1)..]}\r\n")));
            case "key":
                var key = RequestRules.Key(Encoding.Latin1.GetBytes(command[4..]));
                return key.IsEmpty ? "none" : Encoding.Latin1.GetString(key);
            default:
                throw new ArgumentException($"'{words[0]}' is no command");
        }
    }

    static string Of(string[] words, string start) => words.Single(w => w.StartsWith(start, StringComparison.Ordinal))[start.Length..];

    static TimeSpan Span(string text) => Durations.TryParse(text, out var span) ? span : throw new ArgumentException($"'{text}' is no duration");
}
