namespace Mainstay.Core.Kinds.Traffic;

/// <summary>Copies of requests that go to another service beside; what it answers is thrown away, and nothing of it reaches the client.</summary>
public sealed record MirrorSpec
{
    /// <summary>The service that gets the copies, marked by the header <c>X-Mainstay-Mirror</c> with the route's name.</summary>
    public required string To { get; init; }

    /// <summary>Which part of the requests is copied. Default 100%.</summary>
    public Share Percent { get; init; } = new(1);

    /// <summary>Requests with more than this are not copied but counted. Default 64Ki; at most 1Mi.</summary>
    public ByteSize MaxBody { get; init; } = new(64 * 1024);

    /// <summary>So many copies may be under way at a time in one gateway; what is beyond is not copied but counted. Default 64; 1 to 1024.</summary>
    public int InFlight { get; init; } = 64;

    public IEnumerable<Problem> Validate()
    {
        if (MaxBody.Bytes > 1024 * 1024)
        {
            yield return new("maxBody", $"{MaxBody} is more than 1Mi", "choose less");
        }

        foreach (var problem in Limits.Between("inFlight", InFlight, 1, 1024))
        {
            yield return problem;
        }
    }
}
