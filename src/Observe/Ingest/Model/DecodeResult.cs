namespace Mainstay.Observe.Ingest.Model;

/// <summary>Why a body, or an item of it, was not taken.</summary>
public enum DecodeFault
{
    None,

    /// <summary>It ends within a value.</summary>
    Truncated,

    /// <summary>A length, number or tag that cannot be.</summary>
    Malformed,

    /// <summary>A field that is known has a wire type or JSON type that is not its own.</summary>
    WrongType,

    /// <summary>Nested deeper than is read.</summary>
    TooDeep,

    /// <summary>One item has more attributes, events, links, buckets or text than are read.</summary>
    TooMany,

    /// <summary>A trace or span id that is absent, zero or of a wrong length.</summary>
    BadId,

    /// <summary>Unpacked it would be larger than is allowed.</summary>
    TooLarge,
}

/// <summary>What became of a body.</summary>
/// <param name="Taken">Items that reached the sink.</param>
/// <param name="Refused">Items that were well framed but wrong in themselves; the others of the body were taken.</param>
/// <param name="Fault">Why the body as a whole could not be read on; none where it could.</param>
/// <param name="Offset">Where in the body that was, in bytes.</param>
/// <param name="FirstRefusal">Why the first refused item was refused.</param>
public readonly record struct DecodeResult(int Taken, int Refused, DecodeFault Fault = DecodeFault.None, int Offset = 0, DecodeFault FirstRefusal = DecodeFault.None)
{
    /// <summary>Native histograms among what was taken, where the format counts them apart.</summary>
    public int Histograms { get; init; }

    /// <summary>Exemplars beside what was taken, where the format counts them.</summary>
    public int Exemplars { get; init; }

    /// <summary>True where the whole body could be read, even if items of it were refused.</summary>
    public bool IsRead => Fault == DecodeFault.None;

    /// <summary>One sentence for the sender; empty where everything was taken.</summary>
    public string Message => Fault != DecodeFault.None
        ? $"the body cannot be read at byte {Offset}: {Word(Fault)}"
        : Refused > 0 ? $"{Refused} refused, the first because: {Word(FirstRefusal)}" : "";

    static string Word(DecodeFault fault) => fault switch
    {
        DecodeFault.Truncated => "it ends within a value",
        DecodeFault.Malformed => "a value is malformed",
        DecodeFault.WrongType => "a known field has a wrong type",
        DecodeFault.TooDeep => "it is nested too deeply",
        DecodeFault.TooMany => "one item has too many parts",
        DecodeFault.BadId => "a trace or span id is missing or has a wrong length",
        DecodeFault.TooLarge => "unpacked it is too large",
        _ => "",
    };
}
