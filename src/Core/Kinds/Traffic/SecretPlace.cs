namespace Mainstay.Core.Kinds.Traffic;

/// <summary>Where a secret is kept, since it never stands in the manifest: a file, or a variable of the gateway's environment (<c>env:NAME</c>).</summary>
public static class SecretPlace
{
    const string Environment = "env:";

    /// <summary>The variable's name; null for a file.</summary>
    public static string? Variable(string place) => place.StartsWith(Environment, StringComparison.Ordinal) ? place[Environment.Length..] : null;

    /// <summary>The same place with a relative file made absolute.</summary>
    public static string Under(string place, string folder) => Variable(place) is not null ? place : Path.GetFullPath(place, folder);

    /// <summary>What is wrong with a place.</summary>
    public static IEnumerable<Problem> Validate(string path, string place)
    {
        var isWrong = Variable(place) is { } name
            ? name.Length is 0 or > 128 || !name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_')
            : place.Length is 0 or > 1024 || place.Any(char.IsControl) || place.Contains("://", StringComparison.Ordinal);
        return isWrong ? [new Problem(path, $"'{place}' is neither a file nor a variable", "write a path relative to the manifest, or env:NAME")] : [];
    }
}
