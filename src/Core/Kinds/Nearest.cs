namespace Mainstay.Core.Kinds;

/// <summary>Finds the word that was probably meant.</summary>
public static class Nearest
{
    // Longer input is no slip of the fingers, and the table of edits would grow with its square.
    const int MostLength = 64;

    /// <summary>
    /// The known word with the fewest edits from <paramref name="word"/>, whatever their case; null when none is near. Near is at most a third of the
    /// word, and at least one edit. Of several equally near, the first in ordinal order.
    /// </summary>
    public static string? To(string word, IEnumerable<string> known)
    {
        if (word.Length is 0 or > MostLength)
        {
            return null;
        }

        var most = Math.Max(1, word.Length / 3);
        return known
            .Where(k => Math.Abs(k.Length - word.Length) <= most)
            .Select(k => (Word: k, Edits: Distance(word.ToLowerInvariant(), k.ToLowerInvariant())))
            .Where(k => k.Edits <= most)
            .OrderBy(k => k.Edits)
            .ThenBy(k => k.Word, StringComparer.Ordinal)
            .Select(k => k.Word)
            .FirstOrDefault();
    }

    // Optimal string alignment: insert, delete, replace, and swap of neighbours, since swapped letters are the commonest slip.
    static int Distance(string a, string b)
    {
        var rows = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++)
        {
            for (var j = 0; j <= b.Length; j++)
            {
                rows[i, j] = i == 0 || j == 0 ? i + j : Cheapest(rows, a, b, i, j);
            }
        }

        return rows[a.Length, b.Length];
    }

    static int Cheapest(int[,] rows, string a, string b, int i, int j)
    {
        var same = a[i - 1] == b[j - 1] ? 0 : 1;
        var edits = Math.Min(Math.Min(rows[i - 1, j] + 1, rows[i, j - 1] + 1), rows[i - 1, j - 1] + same);
        return i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] ? Math.Min(edits, rows[i - 2, j - 2] + 1) : edits;
    }
}
