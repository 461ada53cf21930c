using System.Text;

namespace Mainstay.Observe.Collect.Hosts;

/// <summary>What <c>/proc/net/dev</c> tells of one interface, since it came up.</summary>
public readonly record struct NetworkFigures(
    string Interface, ulong ReceivedBytes, ulong ReceivedPackets, ulong ReceiveErrors, ulong ReceiveDrops, ulong SentBytes, ulong SentPackets, ulong SendErrors, ulong SendDrops)
{
    /// <summary>The most interfaces that are looked at.</summary>
    public const int Most = 64;

    /// <summary>The interfaces over which anything went.</summary>
    public static List<NetworkFigures> Parse(ReadOnlySpan<byte> text)
    {
        var found = new List<NetworkFigures>();
        while (found.Count < Most && ProcText.Line(ref text, out var line))
        {
            // The number may follow the colon without a blank.
            var colon = line.LastIndexOf((byte)':');
            if (colon <= 0 || line.Contains((byte)'|'))
            {
                continue;
            }

            var name = Encoding.UTF8.GetString(line[..colon].Trim((byte)' '));
            line = line[(colon + 1)..];
            var (bytes, packets, errors, drops) = (ProcText.Number(ref line), ProcText.Number(ref line), ProcText.Number(ref line), ProcText.Number(ref line));
            ProcText.Skip(ref line, 4);
            var figures = new NetworkFigures(
                name, bytes, packets, errors, drops, ProcText.Number(ref line), ProcText.Number(ref line), ProcText.Number(ref line), ProcText.Number(ref line));
            if (packets + figures.SentPackets > 0)
            {
                found.Add(figures);
            }
        }

        return found;
    }
}
