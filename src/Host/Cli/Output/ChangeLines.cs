using Mainstay.Core.Kinds.Deliver;

namespace Mainstay.Host.Cli.Output;

/// <summary>Differences of two versions as lines: grouped by what they belong to, <c>+</c> for what is new, <c>-</c> for what is gone, <c>~</c> for what is different.</summary>
public static class ChangeLines
{
    static readonly string[] Families = ["services", "routes", "databases", "queues"];

    public static IEnumerable<(Tone Tone, string Text)> Of(IEnumerable<FieldChange> changes)
    {
        foreach (var group in changes.Select(c => (Change: c, Place: Split(c.Path))).GroupBy(c => c.Place.Group, StringComparer.Ordinal))
        {
            yield return (Tone.Strong, group.Key);
            foreach (var (change, place) in group)
            {
                yield return Line(change, place.Field);
            }
        }
    }

    /// <summary>How many of each sort, as <c>2 added, 1 changed</c>.</summary>
    public static string Summary(IReadOnlyCollection<FieldChange> changes)
    {
        (string Word, int Count)[] sorts =
        [
            ("added", changes.Count(c => c.Before is null)),
            ("changed", changes.Count(c => c.Before is not null && c.After is not null)),
            ("removed", changes.Count(c => c.After is null)),
        ];
        return string.Join(", ", sorts.Where(s => s.Count > 0).Select(s => $"{s.Count} {s.Word}"));
    }

    public static void Write(Screen screen, IEnumerable<FieldChange> changes)
    {
        foreach (var (tone, text) in Of(changes))
        {
            screen.Line(screen.Paint(tone, screen.InPlace ? TextWidth.Fit(text, screen.Width) : text));
        }
    }

    // services.web.instances.min belongs to "web"; what is in no family belongs to the architecture itself.
    static (string Group, string Field) Split(string path)
    {
        var parts = path.Split('.', 3);
        return Families.Contains(parts[0]) && parts.Length > 1
            ? (parts[0] == Families[0] ? parts[1] : $"{parts[0].TrimEnd('s')} {parts[1]}", parts.Length > 2 ? parts[2] : "")
            : ("architecture", path);
    }

    static (Tone, string) Line(FieldChange change, string field)
    {
        var name = field.Length > 0 ? field + ": " : "";
        return (change.Before, change.After) switch
        {
            (null, var after) => (Tone.Good, $"  + {name}{after}"),
            (var before, null) => (Tone.Bad, $"  - {name}{before}"),
            var (before, after) => (Tone.Busy, $"  ~ {name}{before} -> {after}"),
        };
    }
}
