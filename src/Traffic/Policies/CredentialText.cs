using System.Buffers.Text;

namespace Mainstay.Traffic.Policies;

/// <summary>What the files of credentials have in common: a credential a line, <c>#</c> begins a comment.</summary>
internal static class CredentialText
{
    private const int MostLines = 100_000;

    /// <summary>Reads each line; the first that cannot be read is the problem, without its content.</summary>
    /// <param name="content">UTF-8.</param>
    /// <param name="take">Takes a trimmed line; null where it is right, else what is wrong.</param>
    public static string? Lines(ReadOnlySpan<byte> content, Func<string, string?> take)
    {
        var text = System.Text.Encoding.UTF8.GetString(content).TrimStart('\uFEFF');
        var number = 0;
        foreach (var line in text.Split('\n'))
        {
            number++;
            var trimmed = line.Trim();
            if (trimmed.Length == 0 || trimmed[0] == '#') continue;
            if (number > MostLines) return $"it has more than {MostLines} lines";
            if (take(trimmed) is { } problem) return $"line {number}: {problem}";
        }
        return null;
    }

    /// <summary>Base64 or base64url, with or without padding; null for anything else.</summary>
    public static byte[]? Base64(string text)
    {
        var url = text.TrimEnd('=').Replace('+', '-').Replace('/', '_');
        return url.Length > 0 && !url.Any(char.IsWhiteSpace) && Base64Url.IsValid(url) ? Base64Url.DecodeFromChars(url) : null;
    }

    /// <summary>A scope or a name in these files.</summary>
    public static bool IsWord(string word) => word.Length is >= 1 and <= 128 && !word.AsSpan().ContainsAnyExceptInRange('!', '~') && !word.AsSpan().ContainsAny('"', '\\');
}
