namespace Mainstay.Traffic.Path.Http2;

/// <summary>
/// RFC 7541 §5.2 and appendix B. The code is canonical: it follows from the lengths alone. Decoding takes four bits at a time through a
/// table of the code's tree, encoding looks each byte up.
/// </summary>
internal static class Huffman
{
    private const int End = 256;
    private const int NoNode = -1;

    private static ReadOnlySpan<byte> Lengths =>
    [
        13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
        6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
        13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
        15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
        20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
        22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
        26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
        20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
        30,
    ];

    private static readonly uint[] Codes = MakeCodes();
    private static readonly Step[] Steps = MakeSteps(out Padding);

    // Where a string may end: within fewer than eight bits of the end's code, which are all ones.
    private static readonly bool[] Padding;

    /// <summary>Where four bits lead to from a node of the tree.</summary>
    /// <param name="Node">The next node; negative where the bits are no code.</param>
    /// <param name="Symbol">The byte that was completed; negative for none. The shortest code has five bits, so there is at most one.</param>
    private readonly record struct Step(short Node, short Symbol);

    /// <summary>Bytes that a text takes when it is encoded.</summary>
    public static int LengthOf(ReadOnlySpan<byte> text)
    {
        var lengths = Lengths;
        var bits = 0;
        foreach (var letter in text) bits += lengths[letter];
        return (bits + 7) / 8;
    }

    /// <summary>Encodes a text into exactly <see cref="LengthOf"/> bytes.</summary>
    public static void Encode(ReadOnlySpan<byte> text, Span<byte> into)
    {
        var lengths = Lengths;
        var codes = Codes;
        ulong bits = 0;
        var (count, at) = (0, 0);
        foreach (var letter in text)
        {
            bits = (bits << lengths[letter]) | codes[letter];
            count += lengths[letter];
            while (count >= 8)
            {
                count -= 8;
                into[at++] = (byte)(bits >> count);
            }
        }
        if (count > 0) into[at] = (byte)((bits << (8 - count)) | (0xFFu >> count));
    }

    /// <summary>Decodes a string. Its length, or -1 where it is none (§5.2: padding that is too long or not of ones, the end's code inside).</summary>
    /// <param name="encoded">The string.</param>
    /// <param name="into">At least 8/5 of its length.</param>
    public static int Decode(ReadOnlySpan<byte> encoded, Span<byte> into)
    {
        var steps = Steps;
        var (node, length) = (0, 0);
        foreach (var next in encoded)
        {
            var step = steps[node * 16 + (next >> 4)];
            if (step.Node < 0) return -1;
            if (step.Symbol >= 0) into[length++] = (byte)step.Symbol;
            step = steps[step.Node * 16 + (next & 15)];
            if (step.Node < 0) return -1;
            if (step.Symbol >= 0) into[length++] = (byte)step.Symbol;
            node = step.Node;
        }
        return Padding[node] ? length : -1;
    }

    private static uint[] MakeCodes()
    {
        var codes = new uint[End + 1];
        var (code, before) = (0u, 0);
        foreach (var symbol in Enumerable.Range(0, End + 1).OrderBy(one => Lengths[one]).ThenBy(one => one))
        {
            code <<= Lengths[symbol] - before;
            before = Lengths[symbol];
            codes[symbol] = code++;
        }
        return codes;
    }

    private static Step[] MakeSteps(out bool[] padding)
    {
        // 1. The tree: two children for each node, a leaf as the complement of its symbol.
        var tree = new List<int[]> { new[] { 0, 0 } };
        for (var symbol = 0; symbol <= End; symbol++)
        {
            var node = 0;
            for (var bit = Lengths[symbol] - 1; bit > 0; bit--)
            {
                ref var child = ref tree[node][(Codes[symbol] >> bit) & 1];
                if (child == 0)
                {
                    child = tree.Count;
                    tree.Add([0, 0]);
                }
                node = child;
            }
            tree[node][Codes[symbol] & 1] = ~symbol;
        }

        // 2. Four bits from each node.
        var steps = new Step[tree.Count * 16];
        for (var start = 0; start < tree.Count; start++)
        {
            for (var bits = 0; bits < 16; bits++) steps[start * 16 + bits] = Walk(tree, start, bits);
        }
        padding = new bool[tree.Count];
        for (var (node, depth) = (0, 0); depth < 8; depth++)
        {
            padding[node] = true;
            node = tree[node][1];
        }
        return steps;
    }

    private static Step Walk(List<int[]> tree, int start, int bits)
    {
        var (node, symbol) = (start, -1);
        for (var bit = 3; bit >= 0; bit--)
        {
            var child = tree[node][(bits >> bit) & 1];
            if (child >= 0)
            {
                node = child;
                continue;
            }
            if (~child == End) return new Step(NoNode, -1);
            symbol = ~child;
            node = 0;
        }
        return new Step((short)node, (short)symbol);
    }
}
