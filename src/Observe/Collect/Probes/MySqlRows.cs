namespace Mainstay.Observe.Collect.Probes;

/// <summary>What a query answers, as text; null for NULL.</summary>
sealed record MySqlRows(IReadOnlyList<string> Columns, IReadOnlyList<string?[]> Rows)
{
    public static MySqlRows None { get; } = new([], []);

    /// <summary>The first two columns as names and values, whatever the case of the names.</summary>
    public Dictionary<string, string> Pairs()
    {
        var pairs = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var row in Rows)
        {
            if (row is [{ } name, { } value, ..])
            {
                pairs[name] = value;
            }
        }

        return pairs;
    }

    /// <summary>A row's value of the first of these columns that is there; null for NULL.</summary>
    public string? Of(string?[] row, params ReadOnlySpan<string> columns)
    {
        foreach (var column in columns)
        {
            for (var i = 0; i < Columns.Count; i++)
            {
                if (string.Equals(Columns[i], column, StringComparison.OrdinalIgnoreCase))
                {
                    return row[i];
                }
            }
        }

        return null;
    }
}
