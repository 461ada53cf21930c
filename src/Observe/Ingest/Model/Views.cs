namespace Mainstay.Observe.Ingest.Model;

/// <summary>128 bits, not all zero.</summary>
public readonly record struct TraceId(ulong High, ulong Low)
{
    public bool IsZero => (High | Low) == 0;

    /// <summary>32 hexadecimal digits, lower case.</summary>
    public override string ToString() => $"{High:x16}{Low:x16}";

    /// <summary>Reads 1 to 32 hexadecimal digits of any case.</summary>
    public static bool TryParse(ReadOnlySpan<byte> hex, out TraceId id)
    {
        id = default;
        if (hex.Length is 0 or > 32)
        {
            return false;
        }

        var split = Math.Max(0, hex.Length - 16);
        ulong high = 0;
        if ((split > 0 && !Hex.TryRead(hex[..split], out high)) || !Hex.TryRead(hex[split..], out var low))
        {
            return false;
        }

        id = new(high, low);
        return !id.IsZero;
    }
}

/// <summary>Hexadecimal digits of any case.</summary>
static class Hex
{
    /// <summary>1 to 16 digits.</summary>
    public static bool TryRead(ReadOnlySpan<byte> hex, out ulong value)
    {
        value = 0;
        if (hex.Length is 0 or > 16)
        {
            return false;
        }

        foreach (var c in hex)
        {
            var digit = c switch
            {
                >= (byte)'0' and <= (byte)'9' => c - '0',
                >= (byte)'a' and <= (byte)'f' => c - 'a' + 10,
                >= (byte)'A' and <= (byte)'F' => c - 'A' + 10,
                _ => -1,
            };
            if (digit < 0)
            {
                value = 0;
                return false;
            }

            value = (value << 4) | (uint)digit;
        }

        return true;
    }
}

/// <summary>Who speaks: a resource in OTLP's sense, an endpoint in Zipkin's.</summary>
public readonly ref struct ResourceView
{
    internal ResourceView(AttributeList attributes) => Attributes = attributes;

    public AttributeList Attributes { get; }

    /// <summary><c>service.name</c>, UTF-8; empty where it is absent.</summary>
    public ReadOnlySpan<byte> Service => Attributes.TextOf("service.name"u8);

    /// <summary><c>service.namespace</c>.</summary>
    public ReadOnlySpan<byte> Namespace => Attributes.TextOf("service.namespace"u8);

    /// <summary><c>service.instance.id</c>.</summary>
    public ReadOnlySpan<byte> Instance => Attributes.TextOf("service.instance.id"u8);

    /// <summary><c>service.version</c>.</summary>
    public ReadOnlySpan<byte> Version => Attributes.TextOf("service.version"u8);
}

/// <summary>Which library wrote it.</summary>
public readonly ref struct ScopeView
{
    internal ScopeView(ReadOnlySpan<byte> name, ReadOnlySpan<byte> version, AttributeList attributes)
    {
        Name = name;
        Version = version;
        Attributes = attributes;
    }

    public ReadOnlySpan<byte> Name { get; }

    public ReadOnlySpan<byte> Version { get; }

    public AttributeList Attributes { get; }
}

/// <summary>Takes spans in as they are read. A view is valid during the call alone.</summary>
public interface ISpanSink
{
    /// <summary>What follows is of this resource and scope.</summary>
    void Begin(in ResourceView resource, in ScopeView scope);

    void Span(in SpanView span);
}

/// <summary>Takes log records in as they are read. A view is valid during the call alone.</summary>
public interface ILogSink
{
    /// <summary>What follows is of this resource and scope.</summary>
    void Begin(in ResourceView resource, in ScopeView scope);

    void Log(in LogView log);
}

/// <summary>Takes points of metrics in as they are read. A view is valid during the call alone.</summary>
public interface IPointSink
{
    /// <summary>What follows is of this resource and scope.</summary>
    void Begin(in ResourceView resource, in ScopeView scope);

    void Point(in PointView point);
}
