using System.Text;
using System.Text.Json;
using Mainstay.Core.Kinds.Deliver;

namespace Mainstay.Deliver.Decide;

/// <summary>One side of a list of changes as a JSON object from paths to values, within the limit of an audit entry.</summary>
static class AuditText
{
    const int Longest = 16 * 1024;
    const int RoomForRest = 32;

    /// <summary>Null when nothing is on that side. What does not fit is counted in a last property, <c>…</c>.</summary>
    public static string? Of(IReadOnlyList<FieldChange> changes, Func<FieldChange, string?> side)
    {
        var text = new StringBuilder("{");
        var bytes = 0;
        var left = 0;
        foreach (var change in changes)
        {
            if (side(change) is not { } value)
            {
                continue;
            }

            var pair = $"{(text.Length > 1 ? "," : "")}{System.Text.Json.Nodes.JsonValue.Create(change.Path).ToJsonString()}:{value}";
            bytes += Encoding.UTF8.GetByteCount(pair);
            if (bytes > Longest - RoomForRest)
            {
                left++;
                continue;
            }

            text.Append(pair);
        }

        if (left > 0)
        {
            text.Append(text.Length > 1 ? "," : "").Append($"\"…\":{left}");
        }

        return text.Length > 1 ? text.Append('}').ToString() : null;
    }
}
