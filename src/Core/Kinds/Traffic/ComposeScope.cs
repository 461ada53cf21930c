using System.Text.Json;

namespace Mainstay.Core.Kinds.Traffic;

/// <summary>What can be referred to at one place of a composition: checks templates and conditions against it.</summary>
sealed class ComposeScope(IReadOnlyCollection<string> variables)
{
    const string Request = "request";

    static readonly string[] RequestMembers = ["body", "method", "path", "query"];
    static readonly string[] StepMembers = ["body", "status"];

    // Null where the value's members are not known: they are the service's.
    readonly Dictionary<string, string[]?> known = MakeKnown(variables);

    public void AddPart(string name) => known[name] = null;

    public void AddStep(string name) => known[name] = StepMembers;

    /// <summary>What is wrong with the name of a part or step.</summary>
    public IEnumerable<Problem> CheckName(string name) =>
        !Names.IsValid(name) || name.Contains('.', StringComparison.Ordinal) ? [new("", $"'{name}' is not a name here", $"use 1 to {Names.MaxLength} lower-case letters, digits or '-'")]
        : known.ContainsKey(name) ? [new("", name == Request ? "'request' is the client's request" : $"'{name}' stands for something else already", "choose another name")]
        : [];

    /// <summary>What is wrong with a text.</summary>
    public IEnumerable<Problem> Check(string text)
    {
        var (read, wrong) = JsonText.Read(text);
        return read is null
            ? [new("", wrong!, "write references as {name.member}, and braces themselves twice: {{ }}")]
            : read.References.SelectMany(Check);
    }

    /// <summary>What is wrong with the texts in a value.</summary>
    public IEnumerable<Problem> Check(FreeValue? value) =>
        value is null ? [] : value.Validate().Concat(TextsOf(value.Json).Distinct(StringComparer.Ordinal).SelectMany(Check));

    /// <summary>What is wrong with a condition.</summary>
    public IEnumerable<Problem> CheckCondition(string text)
    {
        var (condition, wrong) = ComposeCondition.Read(text);
        return condition is null ? [wrong!] : condition.References.SelectMany(Check);
    }

    /// <summary>Every text in a value, but for the names of members.</summary>
    public static IEnumerable<string> TextsOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => FreeValue.TextOf(value) is { } text ? [text] : [],
        JsonValueKind.Array => value.EnumerateArray().SelectMany(TextsOf),
        JsonValueKind.Object => value.EnumerateObject().SelectMany(p => TextsOf(p.Value)),
        _ => [],
    };

    IEnumerable<Problem> Check(JsonReference reference)
    {
        if (!known.TryGetValue(reference.Name, out var members))
        {
            return [new("", $"there is nothing named '{reference.Name}' here", Suggest(reference.Name, known.Keys))];
        }

        if (members is null)
        {
            return [];
        }

        var first = reference.Members.Count > 0 ? reference.Members[0] : "";
        var fits = (members.Length == 0 && reference.Members.Count == 0)
            || (members.Contains(first) && (first == "body" || reference.Members.Count == (first == "query" ? 2 : 1)));
        return fits
            ? []
            : [new("", $"'{{{reference}}}' is nothing that '{reference.Name}' has", RemedyFor(reference, first, members))];
    }

    static string RemedyFor(JsonReference reference, string first, string[] members) =>
        members.Length == 0 ? $"write {{{reference.Name}}}"
        : members.Contains(first) ? $"write {{{reference.Name}.{first}{(first == "query" ? ".NAME" : "")}}}"
        : Suggest(first, members);

    static string Suggest(string word, IEnumerable<string> known) =>
        Nearest.To(word, known) is { } nearest ? $"did you mean '{nearest}'?" : $"known: {string.Join(", ", known.Order(StringComparer.Ordinal))}";

    static Dictionary<string, string[]?> MakeKnown(IReadOnlyCollection<string> variables)
    {
        // A variable of the path is text.
        var known = variables.ToDictionary(v => v, _ => (string[]?)[], StringComparer.Ordinal);
        known[Request] = RequestMembers;
        return known;
    }
}
