using Mainstay.Core.Kinds.State;
using Mainstay.State.Decide;
using Mainstay.Tests.Scenarios;
using Xunit;

namespace Mainstay.Tests.State;

/// <summary>Decisions about locks, played step by step.</summary>
public sealed class LockScenarios
{
    static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public static TheoryData<string> Files => ScenarioFile.In("lock");

    [Theory]
    [MemberData(nameof(Files))]
    public void Play(string file)
    {
        var seen = new NamedLock { Name = "orders" };
        IReadOnlyList<LockWish> line = [];
        ScenarioFile.Run(file, step =>
        {
            var turn = Turn(seen, line, step.Words);
            (seen, line) = (turn.Next, turn.Line);
            var word = turn.Word + (turn.Why.Length > 0 ? $": {turn.Why}" : "") + (turn is { Word: LockWord.Granted, Hold: { } hold } ? $" {hold.Token}" : "");
            var held = seen.Holds.Count == 0 ? "free" : $"{seen.Form.ToString().ToLowerInvariant()} {string.Join(" ", seen.Holds.Select(h => $"{h.Owner}={h.Token}{(h.Count > 1 ? $"x{h.Count}" : "")}"))}";
            return $"{word}\n{held}; last {seen.Token}; waiting: {(line.Count == 0 ? "nobody" : string.Join(" ", line.Select(w => w.Owner)))}"
                + (turn.Admitted.Count == 0 ? "" : $"\nin: {string.Join(" ", turn.Admitted.Select(a => $"{a.Wish.Owner}={a.Hold.Token}"))}");
        });
    }

    static LockTurn Turn(NamedLock seen, IReadOnlyList<LockWish> line, string[] words) => words switch
    {
        ["ask", var owner, var form, .. var rest] => LockDecide.Ask(seen, line, Wish(owner, form, rest is ["as", var ask] ? ask : "1"), rest is not ["try"], Now),
        ["release", var owner] => LockDecide.Release(seen, line, owner, LockDecide.HeldBy(seen, owner)?.Token ?? 0, Now),
        ["lose", var owner] => LockDecide.Drop(seen, line, [LockDecide.HeldBy(seen, owner)!.Token], Now),
        ["leave", var owner] => LockDecide.Leave(seen, line, line.Single(w => w.Owner == owner), Now),
        ["break"] => LockDecide.Drop(seen, line, [.. seen.Holds.Select(h => h.Token)], Now),
        _ => throw new InvalidOperationException(string.Join(' ', words)),
    };

    static LockWish Wish(string owner, string form, string ask)
    {
        var parts = form.Split(':');
        return new(owner, ask, Enum.Parse<LockForm>(parts[0], ignoreCase: true), parts.Length > 1 ? int.Parse(parts[1]) : 1, TimeSpan.FromSeconds(15));
    }
}
