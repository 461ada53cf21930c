using System.Globalization;
using System.Text;

namespace Mainstay.Core.Validation;

/// <summary>Where a check is within a value; written as a JSON Pointer (RFC 6901) only where something does not fit.</summary>
sealed class SchemaPath
{
    readonly List<(string? Name, int Index)> parts = [];

    public int Depth => parts.Count;

    public void Push(string name) => parts.Add((name, 0));

    public void Push(int index) => parts.Add((null, index));

    public void Pop() => parts.RemoveAt(parts.Count - 1);

    public override string ToString()
    {
        var text = new StringBuilder();
        foreach (var (name, index) in parts)
        {
            text.Append('/').Append(name is null ? index.ToString(CultureInfo.InvariantCulture) : Escape(name));
        }

        return text.ToString();
    }

    public static string Escape(string name) => name.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal);
}
