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
}
