using System.Globalization;
using Mainstay.Core.Requests;
using Mainstay.State.Decide;
using Mainstay.Tests.Scenarios;
using Xunit;

namespace Mainstay.Tests.State.Requests;

/// <summary>
/// Decisions about remembered requests, played on one request at a time. Commands: <c>claim [CONTENT] [later] [repeats]</c>, <c>end HOW [attempt=N]</c>, <c>take</c>, <c>holder dies</c>,
/// <c>orphans [repeats]</c>, <c>wish WISH</c>, <c>kept long enough</c>.
/// </summary>
public sealed class RequestScenarios
{
    public static TheoryData<string> Files => ScenarioFile.In("request");

    [Theory]
    [MemberData(nameof(Files))]
    public void Play(string file)
    {
        Row? row = null;
        ScenarioFile.Run(file, step =>
        {
            var (next, told) = Do(row, step.Words);
            row = next;
            return $"{told}\n{(row is null ? "nothing is remembered" : $"{(row.IsAccepted ? "accepted, " : "")}{row.State.ToString().ToLowerInvariant()}{(row.State == RequestState.Running && !row.IsHeld ? " by nobody" : "")}, attempt {row.Attempt}")}";
        });
    }

    static (Row? Next, string Told) Do(Row? row, string[] words)
    {
        var repeats = words.Contains("repeats");
        switch (words[0])
        {
            case "claim":
                var content = words.Length > 1 && words[1] is not ("later" or "repeats") ? words[1] : "A";
                return Claim(row, content, words.Contains("later"), repeats);
            case "end":
                var end = new RequestEnd("", words.FirstOrDefault(w => w.StartsWith("attempt=", StringComparison.Ordinal)) is { } given ? int.Parse(given[8..], CultureInfo.InvariantCulture) : row!.Attempt, Enum.Parse<RequestEnding>(words[1], ignoreCase: true));
                if (row is null || !RequestDecide.Counts(row.State, row.Attempt, end)) return (row, "does not count");
                return (RequestDecide.After(end.How, row.IsAccepted) is { } state ? row with { State = state } : null, "counts");
            case "take":
                return (row! with { State = RequestState.Running, Attempt = row.Attempt + 1, IsHeld = true }, "taken");
            case "holder":
                return (row! with { IsHeld = false }, "its process is gone");
            case "orphans":
                return (row! with { State = RequestDecide.Orphaned(repeats) }, "found");
            case "kept":
                return (row! with { IsOver = true }, "its time is over");
            case "wish":
                var after = RequestDecide.After(Enum.Parse<RequestWish>(words[1], ignoreCase: true), row!.State, row.IsAccepted, row.IsHeld, out var isPossible);
                return isPossible ? (after is { } wished ? row with { State = wished } : null, "done") : (row, "not now");
            default:
                throw new ArgumentException($"'{words[0]}' is no command");
        }
    }

    static (Row? Next, string Told) Claim(Row? row, string content, bool later, bool repeats)
    {
        RequestStanding? known = row is null ? null : new(row.State, row.IsAccepted, row.IsHeld, row.Content == content, row.IsOver);
        var (move, verdict) = RequestDecide.Claim(known, later, repeats);
        var next = move switch
        {
            ClaimMove.Tell => row,
            ClaimMove.BeginAgain => row! with { State = RequestState.Running, Attempt = row.Attempt + 1, IsHeld = true },
            _ => new Row(content, later ? RequestState.Waiting : RequestState.Running, later, IsHeld: true, Attempt: later ? 0 : 1, IsOver: false),
        };
        return (next, $"{move}: {verdict}");
    }

    sealed record Row(string Content, RequestState State, bool IsAccepted, bool IsHeld, int Attempt, bool IsOver);
}
