namespace Mainstay.Core.Kinds.Traffic;

/// <summary>Changes to the headers of a message. Values may use {client}, {host}, {route} and {request-id}. Headers that frame, route or trace the message are not touched.</summary>
public sealed record HeaderEdit
{
    /// <summary>The variables that values may use.</summary>
    public static readonly IReadOnlyList<string> Variables = ["client", "host", "route", "request-id"];

    /// <summary>Headers that get exactly this value, whatever was there.</summary>
    public IReadOnlyDictionary<string, string>? Set { get; init; }

    /// <summary>Headers that are added to what is there.</summary>
    public IReadOnlyDictionary<string, string>? Add { get; init; }

    /// <summary>Headers that are taken away.</summary>
    public IReadOnlyList<string>? Remove { get; init; }

    /// <param name="most">The most characters that it may add.</param>
    public IEnumerable<Problem> Validate(int most = 16 * 1024)
    {
        if ((Set?.Count ?? 0) + (Add?.Count ?? 0) + (Remove?.Count ?? 0) is 0 or > 32)
        {
            yield return new("", "nothing is changed, or more than 32 headers are", "give set, add or remove");
        }

        if ((Set ?? new Dictionary<string, string>()).Concat(Add ?? new Dictionary<string, string>()).Sum(h => h.Key.Length + h.Value.Length + 4) > most)
        {
            yield return new("", $"the headers have more than {most} characters", "shorten them");
        }

        foreach (var problem in HeaderRules.Check("set", Set, Variables).Concat(HeaderRules.Check("add", Add, Variables)))
        {
            yield return problem;
        }

        foreach (var name in Remove ?? [])
        {
            foreach (var problem in HeaderRules.CheckName("remove", name))
            {
                yield return problem;
            }
        }
    }
}
