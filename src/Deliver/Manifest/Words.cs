namespace Mainstay.Deliver.Manifest;

/// <summary>What messages are made of.</summary>
static class Words
{
    /// <summary>Input as a message shows it: on one line, cut after 60 characters.</summary>
    public static string Shown(string text)
    {
        var line = text.AsSpan(0, Math.Min(text.Length, 61)).ToString();
        line = string.Concat(line.Select(c => char.IsControl(c) ? ' ' : c)).TrimEnd();
        return line.Length > 60 ? line[..60] + "…" : line;
    }

    /// <summary>The candidate that <paramref name="word"/> was probably meant to be: at most a third of it wrong; null when none is near.</summary>
    public static string? Nearest(string word, IEnumerable<string> candidates)
    {
        if (word.Length > 64)
        {
            return null;
        }

        var most = Math.Max(1, word.Length / 3);
        return candidates
            .Where(c => Math.Abs(c.Length - word.Length) <= most)
            .Select(c => (Word: c, Distance: Distance(word.ToLowerInvariant(), c.ToLowerInvariant())))
            .Where(c => c.Distance <= most)
            .OrderBy(c => c.Distance)
            .ThenBy(c => c.Word, StringComparer.Ordinal)
            .Select(c => c.Word)
            .FirstOrDefault();
    }

    // Damerau-Levenshtein (optimal string alignment): two swapped letters are one mistake.
    static int Distance(string a, string b)
    {
        var cost = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++)
        {
            for (var j = 0; j <= b.Length; j++)
            {
                if (i == 0 || j == 0)
                {
                    cost[i, j] = i + j;
                    continue;
                }

                var same = a[i - 1] == b[j - 1];
                cost[i, j] = Math.Min(Math.Min(cost[i - 1, j], cost[i, j - 1]) + 1, cost[i - 1, j - 1] + (same ? 0 : 1));
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                {
                    cost[i, j] = Math.Min(cost[i, j], cost[i - 2, j - 2] + 1);
                }
            }
        }

        return cost[a.Length, b.Length];
    }
}
