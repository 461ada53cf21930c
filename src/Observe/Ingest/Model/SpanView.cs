namespace Mainstay.Observe.Ingest.Model;

/// <summary>The numbers are OTLP's.</summary>
public enum SpanKind : byte
{
    Unspecified,
    Internal,
    Server,
    Client,
    Producer,
    Consumer,
}

/// <summary>The numbers are OTLP's.</summary>
public enum SpanStatus : byte
{
    Unset,
    Ok,
    Error,
}

internal struct SpanFields
{
    public TraceId Trace;
    public ulong Span;
    public ulong Parent;
    public long Start;
    public long End;
    public TextRef Name;
    public TextRef State;
    public TextRef StatusMessage;
    public SlotRange Attributes;
    public SlotRange Events;
    public SlotRange Links;
    public uint Flags;
    public SpanKind Kind;
    public SpanStatus Status;
    public bool Shared;
}

/// <summary>One span; its texts point into the body.</summary>
public readonly ref struct SpanView
{
    readonly ref readonly SpanFields fields;
    readonly Texts texts;
    readonly DecodeScratch scratch;
    readonly ReadOnlySpan<byte> renamed;

    internal SpanView(in SpanFields fields, ReadOnlySpan<byte> body, DecodeScratch scratch)
    {
        this.fields = ref fields;
        this.scratch = scratch;
        texts = new(body, scratch.Text.Items);
    }

    SpanView(scoped in SpanView of, ReadOnlySpan<byte> name)
    {
        fields = ref of.fields;
        scratch = of.scratch;
        texts = of.texts;
        renamed = name;
    }

    public TraceId Trace => fields.Trace;

    /// <summary>Never 0.</summary>
    public ulong Span => fields.Span;

    /// <summary>0 for a root.</summary>
    public ulong Parent => fields.Parent;

    public SpanKind Kind => fields.Kind;

    /// <summary>UTF-8.</summary>
    public ReadOnlySpan<byte> Name => renamed.IsEmpty ? texts[fields.Name] : renamed;

    /// <summary>Nanoseconds since 1970, UTC; 0 where the sender does not say.</summary>
    public long Start => fields.Start;

    /// <summary>Nanoseconds since 1970, UTC; not before <see cref="Start"/>.</summary>
    public long End => Math.Max(fields.Start, fields.End);

    /// <summary>In nanoseconds.</summary>
    public long Duration => End - fields.Start;

    public SpanStatus Status => fields.Status;

    public ReadOnlySpan<byte> StatusMessage => texts[fields.StatusMessage];

    /// <summary>W3C's tracestate.</summary>
    public ReadOnlySpan<byte> State => texts[fields.State];

    public uint Flags => fields.Flags;

    /// <summary>True for the server's half of a span whose id is its client's: Zipkin's and B3's way.</summary>
    public bool Shared => fields.Shared;

    public AttributeList Attributes => Of(fields.Attributes);

    public int Events => fields.Events.Count;

    public int Links => fields.Links.Count;

    public EventView Event(int at)
    {
        ref readonly var slot = ref scratch.Events[fields.Events.Start + at];
        return new(slot.Time, texts[slot.Name], Of(slot.Attributes));
    }

    public LinkView Link(int at)
    {
        ref readonly var slot = ref scratch.Links[fields.Links.Start + at];
        return new(slot.Trace, slot.Span, Of(slot.Attributes));
    }

    /// <summary>The same span by another name.</summary>
    public SpanView Named(ReadOnlySpan<byte> name) => new(this, name);

    AttributeList Of(SlotRange range) => new(texts, scratch.Attributes.Items.Slice(range.Start, range.Count));
}

/// <summary>Something that happened during a span.</summary>
public readonly ref struct EventView
{
    internal EventView(long time, ReadOnlySpan<byte> name, AttributeList attributes)
    {
        Time = time;
        Name = name;
        Attributes = attributes;
    }

    /// <summary>Nanoseconds since 1970, UTC.</summary>
    public long Time { get; }

    public ReadOnlySpan<byte> Name { get; }

    public AttributeList Attributes { get; }
}

/// <summary>Another span that has to do with this one.</summary>
public readonly ref struct LinkView
{
    internal LinkView(TraceId trace, ulong span, AttributeList attributes)
    {
        Trace = trace;
        Span = span;
        Attributes = attributes;
    }

    public TraceId Trace { get; }

    public ulong Span { get; }

    public AttributeList Attributes { get; }
}
