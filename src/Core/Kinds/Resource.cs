using System.Text.Json.Serialization;

namespace Mainstay.Core.Kinds;

/// <summary>One thing that the store holds: what is wanted of it (spec) and what was last seen of it (status).</summary>
public abstract record Resource
{
    /// <summary>Unique within its kind; see <see cref="Names.IsValid"/>.</summary>
    public required string Name { get; init; }

    /// <summary>The store revision that last wrote it; 0 when it was never written. Not stored: the store knows it.</summary>
    [JsonIgnore]
    public long Revision { get; init; }

    /// <summary>Everything that is wrong with it by itself, relations to other resources aside.</summary>
    public virtual IEnumerable<Problem> Validate()
    {
        if (!Names.IsValid(Name))
        {
            yield return Names.Invalid("name", Name);
        }
    }
}

/// <summary>What names may look like everywhere.</summary>
public static class Names
{
    /// <summary>The longest name, in characters.</summary>
    public const int MaxLength = 63;

    /// <summary>Lower-case letters, digits, <c>-</c> and <c>.</c>; starts and ends with a letter or digit; 1 to 63 characters (a DNS label, so that it can be a host name).</summary>
    public static bool IsValid(string? name) =>
        name is { Length: > 0 and <= MaxLength }
        && IsAlphanumeric(name[0])
        && IsAlphanumeric(name[^1])
        && name.All(c => IsAlphanumeric(c) || c is '-' or '.');

    public static Problem Invalid(string path, string? name) => new(
        path,
        $"'{name}' is not a name",
        $"use 1 to {MaxLength} lower-case letters, digits, '-' or '.', beginning and ending with a letter or digit");

    static bool IsAlphanumeric(char c) => c is (>= 'a' and <= 'z') or (>= '0' and <= '9');
}
