namespace Mainstay.Tests.State.Linear;

/// <summary>What a client did to one register. Values are numbers; 0 is what a register has at first.</summary>
enum Did
{
    /// <summary>Saw <see cref="Step.To"/>.</summary>
    Read,

    /// <summary>Put <see cref="Step.To"/> in place, whatever there was.</summary>
    Write,

    /// <summary>Put <see cref="Step.To"/> in the place of <see cref="Step.From"/>.</summary>
    Swap,

    /// <summary>Was refused, as the register did not have <see cref="Step.From"/>.</summary>
    Refused,
}

/// <summary>One operation of a history.</summary>
/// <param name="Key">The register; each is judged by itself.</param>
/// <param name="Begun">When the client called.</param>
/// <param name="Ended">When it had the answer; null where it never had one: the operation may have happened at any time since, or not.</param>
sealed record Step(string Key, Did Did, long From, long To, long Begun, long? Ended);

/// <summary>
/// Whether a history can be put into one order that respects real time and in which every answer is right: Wing and Gong's search, with the
/// configurations that were seen remembered (Lowe), and registers judged one by one, as linearizability is local (Herlihy and Wing).
/// </summary>
static class Linearizability
{
    /// <summary>Null where the history is linearizable; else the key whose part of it is not.</summary>
    public static string? FirstWrong(IEnumerable<Step> history) =>
        history.GroupBy(s => s.Key).OrderBy(g => g.Key, StringComparer.Ordinal).FirstOrDefault(g => !Holds([.. g]))?.Key;

    /// <summary>A history by its beginnings, one operation a line, in microseconds since the first.</summary>
    public static string Show(IEnumerable<Step> history)
    {
        var steps = history.OrderBy(s => s.Begun).ToList();
        string Since(long? at) => at is { } moment ? $"{System.Diagnostics.Stopwatch.GetElapsedTime(steps[0].Begun, moment).TotalMicroseconds:0}" : "?";
        return string.Join('\n', steps.Select(s => $"{Since(s.Begun),10} {Since(s.Ended),10} {s.Did} {s.From} {s.To}"));
    }

    /// <summary>Whether the operations on one register are linearizable.</summary>
    public static bool Holds(IReadOnlyList<Step> steps)
    {
        var search = new OrderSearch(steps);
        return search.Run();
    }
}
