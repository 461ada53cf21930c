namespace Mainstay.Traffic.Path;

/// <summary>Goes through <c>name=value</c> pairs: of a query (separated by <c>&amp;</c>) or of a Cookie header (by <c>;</c>).</summary>
internal ref struct Pairs(ReadOnlySpan<byte> text, byte separator)
{
    private ReadOnlySpan<byte> rest = text;
    private readonly byte separator = separator;

    public ReadOnlySpan<byte> Name { get; private set; }

    /// <summary>Empty where there is no <c>=</c>.</summary>
    public ReadOnlySpan<byte> Value { get; private set; }

    public bool MoveNext()
    {
        if (rest.IsEmpty) return false;
        var end = rest.IndexOf(separator);
        var pair = (end < 0 ? rest : rest[..end]).Trim(" \t"u8);
        rest = end < 0 ? default : rest[(end + 1)..];
        var equals = pair.IndexOf((byte)'=');
        Name = equals < 0 ? pair : pair[..equals];
        Value = equals < 0 ? default : pair[(equals + 1)..];
        return true;
    }
}
