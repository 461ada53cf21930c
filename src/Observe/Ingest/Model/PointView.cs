namespace Mainstay.Observe.Ingest.Model;

/// <summary>What kind of metric a point is of.</summary>
public enum PointType : byte
{
    /// <summary>The format does not say: remote write, untyped text.</summary>
    Unknown,
    Gauge,
    Sum,
    Histogram,
    ExponentialHistogram,
    Summary,
}

/// <summary>The numbers are OTLP's.</summary>
public enum Temporality : byte
{
    Unspecified,
    Delta,
    Cumulative,
}

internal struct PointFields
{
    public TextRef Name;
    public TextRef Unit;
    public TextRef Description;
    public long Start;
    public long Time;
    public double Value;
    public long Integer;
    public ulong Count;
    public double Sum;
    public double Min;
    public double Max;
    public double ZeroThreshold;
    public ulong ZeroCount;
    public int Scale;
    public int PositiveOffset;
    public int NegativeOffset;
    public SlotRange Counts;
    public SlotRange NegativeCounts;
    public SlotRange Bounds;
    public SlotRange Attributes;
    public SlotRange Exemplars;
    public PointType Type;
    public Temporality Temporality;
    public bool IsMonotonic;
    public bool IsInteger;
    public bool HasSum;
    public bool HasMin;
    public bool HasMax;
    public bool IsStale;
    public bool IsBare;
}

/// <summary>One point of one series; its texts point into the body.</summary>
public readonly ref struct PointView
{
    readonly ref readonly PointFields fields;
    readonly Texts texts;
    readonly DecodeScratch scratch;

    internal PointView(in PointFields fields, ReadOnlySpan<byte> body, DecodeScratch scratch)
    {
        this.fields = ref fields;
        this.scratch = scratch;
        texts = new(body, scratch.Text.Items);
    }

    /// <summary>The metric's name, UTF-8.</summary>
    public ReadOnlySpan<byte> Name => texts[fields.Name];

    /// <summary>UCUM, such as <c>s</c> or <c>By</c>; empty where it is not said.</summary>
    public ReadOnlySpan<byte> Unit => texts[fields.Unit];

    public ReadOnlySpan<byte> Description => texts[fields.Description];

    public PointType Type => fields.Type;

    public Temporality Temporality => fields.Temporality;

    /// <summary>True for a sum that never falls: a counter.</summary>
    public bool IsMonotonic => fields.IsMonotonic;

    /// <summary>True where the series has ended or says that it has no value; the value is then meaningless.</summary>
    public bool IsStale => fields.IsStale;

    /// <summary>True where nothing was measured: it only brings exemplars of its series.</summary>
    public bool IsBare => fields.IsBare;

    /// <summary>Nanoseconds since 1970, UTC; 0 where it is not said.</summary>
    public long Start => fields.Start;

    /// <summary>Nanoseconds since 1970, UTC; 0 where it is not said: now.</summary>
    public long Time => fields.Time;

    /// <summary>Of a gauge, a sum or an unknown point.</summary>
    public double Value => fields.IsInteger ? fields.Integer : fields.Value;

    /// <summary>True where the sender wrote an integer; <see cref="Integer"/> is then exact.</summary>
    public bool IsInteger => fields.IsInteger;

    public long Integer => fields.Integer;

    public AttributeList Attributes => Of(fields.Attributes);

    /// <summary>Of histograms and summaries.</summary>
    public ulong Count => fields.Count;

    /// <summary>Of histograms and summaries; null where it is not said.</summary>
    public double? Sum => fields.HasSum ? fields.Sum : null;

    public double? Min => fields.HasMin ? fields.Min : null;

    public double? Max => fields.HasMax ? fields.Max : null;

    /// <summary>Of a histogram: one per bucket, one more than <see cref="Bounds"/>. Of an exponential one: of its positive buckets.</summary>
    public ReadOnlySpan<ulong> Counts => scratch.Counts.Items.Slice(fields.Counts.Start, fields.Counts.Count);

    /// <summary>Of an exponential histogram: of its negative buckets.</summary>
    public ReadOnlySpan<ulong> NegativeCounts => scratch.Counts.Items.Slice(fields.NegativeCounts.Start, fields.NegativeCounts.Count);

    /// <summary>Of a histogram: the buckets' upper bounds, rising. Of a summary: quantile and value in turn.</summary>
    public ReadOnlySpan<double> Bounds => scratch.Bounds.Items.Slice(fields.Bounds.Start, fields.Bounds.Count);

    /// <summary>Of an exponential histogram: its base is 2^(2^-scale).</summary>
    public int Scale => fields.Scale;

    public ulong ZeroCount => fields.ZeroCount;

    public double ZeroThreshold => fields.ZeroThreshold;

    /// <summary>The index of the first positive bucket.</summary>
    public int PositiveOffset => fields.PositiveOffset;

    /// <summary>The index of the first negative bucket.</summary>
    public int NegativeOffset => fields.NegativeOffset;

    public int Exemplars => fields.Exemplars.Count;

    public ExemplarView Exemplar(int at)
    {
        ref readonly var slot = ref scratch.Exemplars[fields.Exemplars.Start + at];
        return new(slot.Time, slot.Value, slot.Trace, slot.Span, Of(slot.Attributes));
    }

    AttributeList Of(SlotRange range) => new(texts, scratch.Attributes.Items.Slice(range.Start, range.Count));
}

/// <summary>One measurement that stands for others, with the trace it was part of.</summary>
public readonly ref struct ExemplarView
{
    internal ExemplarView(long time, double value, TraceId trace, ulong span, AttributeList attributes)
    {
        Time = time;
        Value = value;
        Trace = trace;
        Span = span;
        Attributes = attributes;
    }

    /// <summary>Nanoseconds since 1970, UTC; 0 where it is not said.</summary>
    public long Time { get; }

    public double Value { get; }

    /// <summary>Zero where there is none.</summary>
    public TraceId Trace { get; }

    public ulong Span { get; }

    public AttributeList Attributes { get; }
}
