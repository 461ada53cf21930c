using System.Text;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Traffic.Policies;

namespace Mainstay.Traffic.Path;

/// <summary>Whether a request is one of those for which a part of a limit is kept.</summary>
internal sealed class PrivilegedCheck(PrivilegedSpec spec, TargetPlace place)
{
    private readonly (byte[] Name, byte[] Value)[] headers =
        [.. spec.Headers.Select(one => (Encoding.ASCII.GetBytes(one.Key), Encoding.UTF8.GetBytes(one.Value)))];
    private readonly bool byCaller = place.Listener.Caller is { } caller && spec.Callers.Contains(caller);
    private readonly int business = spec.Criticality is { } criticality ? Levels.BusinessOf(criticality) : int.MaxValue;

    public bool Is(Exchange x)
    {
        if (byCaller || (business != int.MaxValue && Levels.Business(RequestLevel.Of(x)) >= business)) return true;
        foreach (var (name, value) in headers)
        {
            var at = 0;
            if (x.Request.Next(x.HeadBytes, ref at, name, out var found) && found.Of(x.HeadBytes).SequenceEqual(value)) return true;
        }
        return false;
    }
}
