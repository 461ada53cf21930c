using System.Text;
using Mainstay.Observe.Store.Blocks;

namespace Mainstay.Observe.Store.Logs;

/// <summary>The words of a text: runs of letters, digits and _, whatever their case; where a script writes without spaces each character is a word.</summary>
static class Words
{
    const int MostWord = 128;

    /// <summary>Adds the hashes of all words.</summary>
    public static void Terms(string text, HashSet<ulong> into)
    {
        for (var at = 0; Next(text, ref at, out var start);)
        {
            into.Add(Term(text.AsSpan(start, at - start)));
        }
    }

    /// <summary>The hash of one word.</summary>
    public static ulong Term(ReadOnlySpan<char> word)
    {
        word = word.Length > MostWord ? word[..MostWord] : word;
        Span<char> lower = stackalloc char[MostWord];
        word.ToLowerInvariant(lower);
        Span<byte> bytes = stackalloc byte[MostWord * 3];
        return Checksum.Hash(bytes[..Encoding.UTF8.GetBytes(lower[..word.Length], bytes)]);
    }

    /// <summary>Whether a text has a word, or with <paramref name="isPrefix"/> one that begins so.</summary>
    public static bool Has(string text, string word, bool isPrefix)
    {
        for (var from = 0; from <= text.Length - word.Length;)
        {
            var at = text.IndexOf(word, from, StringComparison.OrdinalIgnoreCase);
            if (at < 0)
            {
                return false;
            }

            var end = at + word.Length;
            if ((at == 0 || IsEdge(text[at - 1], text[at])) && (isPrefix || end == text.Length || IsEdge(text[end - 1], text[end])))
            {
                return true;
            }

            from = at + 1;
        }

        return false;
    }

    /// <summary>The next word from <paramref name="at"/>, which moves behind it; false where there is none.</summary>
    public static bool Next(string text, ref int at, out int start)
    {
        while (at < text.Length && !IsWord(text[at]))
        {
            at++;
        }

        start = at;
        while (at < text.Length && IsWord(text[at]) && (at == start || !IsEdge(text[at - 1], text[at])))
        {
            at++;
        }

        return at > start;
    }

    static bool IsEdge(char before, char after) => !IsWord(before) || !IsWord(after) || IsAlone(before) || IsAlone(after);

    static bool IsWord(char c) => char.IsLetterOrDigit(c) || c == '_' || char.IsSurrogate(c);

    // Chinese, Japanese and the like.
    static bool IsAlone(char c) => c is >= '\u2e80' and < '\ud800' or >= '\uf900' and <= '\ufaff';
}
