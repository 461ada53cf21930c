using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Reconcile;

namespace Mainstay.Deliver.Decide;

/// <summary>Decides which version a name stands for. Versions themselves never change, so tags lie beside them; there is no new version.</summary>
public static class TagDecide
{
    /// <summary>The most tags.</summary>
    public const int Most = 1000;

    /// <param name="seen">What is declared now.</param>
    /// <param name="tag">The name; letters, digits, <c>-</c> and <c>.</c>, not a number.</param>
    /// <param name="number">The version; null takes the tag away.</param>
    public static ApplyPlan Next(DeclaredState seen, string tag, int? number)
    {
        if (seen.Architecture is not { } architecture)
        {
            return ApplyPlan.NothingApplied;
        }

        var tags = architecture.Tags?.ToDictionary(StringComparer.Ordinal) ?? [];
        var before = tags.TryGetValue(tag, out var old) ? old : (int?)null;
        if (!Names.IsValid(tag) || tag.All(char.IsAsciiDigit))
        {
            return ApplyPlan.Refused(new Problem("tag", $"'{tag}' is not a tag", $"use 1 to {Names.MaxLength} lower-case letters, digits, '-' or '.', not digits alone"));
        }

        if (number is null && before is null)
        {
            return ApplyPlan.Missing("tag", tag, "'mainstay tag' lists them");
        }

        if (number > architecture.Version || number < 1)
        {
            return ApplyPlan.Missing("version", $"{number}");
        }

        if (number == before)
        {
            return new();
        }

        if (number is { } to && (before is not null || tags.Count < Most))
        {
            tags[tag] = to;
        }
        else if (number is null)
        {
            tags.Remove(tag);
        }
        else
        {
            return ApplyPlan.Refused(new Problem("tag", $"there are {Most} tags", "take one away with 'mainstay tag --delete TAG'"));
        }

        return new()
        {
            Writes = new Plan().Put(architecture with { Tags = tags.Count == 0 ? null : tags })
                .Say($"architecture/{Architecture.TheName}", "Tagged", number is null ? $"'{tag}' no longer stands for version {before}" : $"'{tag}' stands for version {number}"),
            Changes = [new($"tags.{tag}", before?.ToString(System.Globalization.CultureInfo.InvariantCulture), number?.ToString(System.Globalization.CultureInfo.InvariantCulture))],
        };
    }
}
