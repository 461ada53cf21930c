using System.Globalization;
using System.Net;
using System.Text;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Core.Requests;
using Mainstay.State.Decide;
using Mainstay.State.Requests;
using Mainstay.Tests.Scenarios;
using Xunit;

namespace Mainstay.Tests.State.Requests;

/// <summary>
/// Which places may be told how a request ended, and what follows from a try. Commands: <c>place URL</c>, <c>allowed URL | PATTERN…</c>, <c>pattern PATTERN</c>, <c>address IP [private]</c>,
/// <c>after STATUS|none try=N age=DURATION [retry=SECONDS]</c>, <c>sign SECRET ID SECONDS BODY</c>.
/// </summary>
public sealed class CallbackScenarios
{
    static readonly CallbackSpec Terms = new() { Secret = "s", Url = "https://a.test/" };

    public static TheoryData<string> Files => ScenarioFile.In("callback");

    [Theory]
    [MemberData(nameof(Files))]
    public void Play(string file) => ScenarioFile.Run(file, step => Do(step.Words, step.Command));

    static string Do(string[] words, string command)
    {
        switch (words[0])
        {
            case "place":
                return CallbackPlaces.Read(words[1])?.AbsoluteUri ?? "none";
            case "allowed":
                return CallbackPlaces.Read(words[1]) is { } place && CallbackPlaces.IsAllowed(place, words[3..]) ? "yes" : "no";
            case "pattern":
                return CallbackPlaces.Problem(words[1]) ?? "fine";
            case "address":
                return CallbackPlaces.MayCall(IPAddress.Parse(words[1]), words.Contains("private")) ? "may be called" : "never";
            case "after":
                var call = new TakenCallback(1, int.Parse(Of(words, "try=")!, CultureInfo.InvariantCulture), "https://a.test/", default, new ShownRequest { Id = "r", Route = "r", Owner = "o", State = RequestState.Answered });
                int? status = words[1] == "none" ? null : int.Parse(words[1], CultureInfo.InvariantCulture);
                var end = CallbackDecide.After(call, Terms, Durations.TryParse(Of(words, "age=")!, out var age) ? age : throw new ArgumentException(command), status, Of(words, "retry="), "no answer within 10 s");
                return $"{end.State}{(end.After > TimeSpan.Zero ? $" after {Durations.Format(end.After)}" : "")}{(end.Why is null ? "" : $": {end.Why}")}";
            case "sign":
                return CallbackMessage.Sign(words[1], words[2], long.Parse(words[3], CultureInfo.InvariantCulture), Encoding.UTF8.GetBytes(string.Join(' ', words[4..])));
            default:
                throw new ArgumentException($"'{words[0]}' is no command");
        }
    }

    static string? Of(string[] words, string start) => words.FirstOrDefault(w => w.StartsWith(start, StringComparison.Ordinal))?[start.Length..];
}
