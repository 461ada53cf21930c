namespace Mainstay.Observe.Ingest.Model;

internal struct LogFields
{
    public long Time;
    public long ObservedTime;
    public TraceId Trace;
    public ulong Span;
    public TextRef SeverityText;
    public TextRef EventName;
    public AttributeSlot Body;
    public SlotRange Attributes;
    public int Severity;
}

/// <summary>One log record; its texts point into the body.</summary>
public readonly ref struct LogView
{
    readonly ref readonly LogFields fields;
    readonly Texts texts;
    readonly DecodeScratch scratch;

    internal LogView(in LogFields fields, ReadOnlySpan<byte> body, DecodeScratch scratch)
    {
        this.fields = ref fields;
        this.scratch = scratch;
        texts = new(body, scratch.Text.Items);
    }

    /// <summary>When it happened, or else when it was seen, in nanoseconds since 1970, UTC; 0 where the sender does not say.</summary>
    public long Time => fields.Time != 0 ? fields.Time : fields.ObservedTime;

    public TraceId Trace => fields.Trace;

    /// <summary>0 where there is none.</summary>
    public ulong Span => fields.Span;

    /// <summary>OTLP's number: trace from 1, debug 5, info 9, warn 13, error 17, fatal 21; 0 where it is not said.</summary>
    public int Severity => fields.Severity;

    public ReadOnlySpan<byte> SeverityText => texts[fields.SeverityText];

    public ReadOnlySpan<byte> EventName => texts[fields.EventName];

    /// <summary>The message; its key is empty.</summary>
    public AttributeView Body => new(default, texts[fields.Body.Text], fields.Body.Kind, fields.Body.Bits);

    public AttributeList Attributes => new(texts, scratch.Attributes.Items.Slice(fields.Attributes.Start, fields.Attributes.Count));
}
