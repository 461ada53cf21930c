namespace Mainstay.Core.Kinds.Traffic;

/// <summary>
/// The lesser ways in which requests can be answered, each thrown by its name through an intervention (by hand or by a finding) with a reason and an end: <c>off</c> and
/// <c>fallback</c>.
/// </summary>
public sealed record DegradeSpec
{
    /// <summary>The names by which they are thrown.</summary>
    public const string OffName = "off";
    public const string FallbackName = "fallback";

    /// <summary>The function is turned off: this answers.</summary>
    public OffSpec? Off { get; init; }

    /// <summary>The fallback may be thrown by hand too, while the service answers. Default false.</summary>
    public bool Fallback { get; init; }

    /// <summary>The names of those that are declared.</summary>
    public IEnumerable<string> Names()
    {
        if (Off is not null)
        {
            yield return OffName;
        }

        if (Fallback)
        {
            yield return FallbackName;
        }
    }

    public IEnumerable<Problem> Validate()
    {
        if (Off is null && !Fallback)
        {
            yield return new("", "no degradation is declared", "give off, or fallback: true");
        }

        foreach (var problem in Off?.Validate().Select(p => p.Under("off")) ?? [])
        {
            yield return problem;
        }
    }
}

/// <summary>A friendly answer in place of a function that is turned off.</summary>
public sealed record OffSpec
{
    /// <summary>The status of the answer. Default 503; 200 to 599.</summary>
    public int Status { get; init; } = 503;

    /// <summary>The answer. At most 65536 bytes.</summary>
    public string Body { get; init; } = "";

    /// <summary>What it is. Default text/plain.</summary>
    public string ContentType { get; init; } = "text/plain";

    public IEnumerable<Problem> Validate() =>
        new FallbackSpec { Status = Status, Body = Body, ContentType = ContentType }.Validate();
}
