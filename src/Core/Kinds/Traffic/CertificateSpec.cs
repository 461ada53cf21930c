namespace Mainstay.Core.Kinds.Traffic;

/// <summary>Client certificates that the listener has verified; it has to ask for them.</summary>
public sealed record CertificateSpec
{
    /// <summary>Subjects that alone are accepted, to the letter, for example <c>CN=web, O=Shop</c>. Default: every verified certificate. At most 1,000.</summary>
    public IReadOnlyList<string> Subjects { get; init; } = [];

    public IEnumerable<Problem> Validate()
    {
        if (Subjects.Count > 1000)
        {
            yield return new("subjects", $"{Subjects.Count} subjects are more than 1000", "accept every certificate of an authority of its own");
        }

        foreach (var subject in Subjects.Where(s => s.Length is 0 or > 1024 || !s.Contains('=', StringComparison.Ordinal)))
        {
            yield return new("subjects", $"'{subject}' is not a subject", "write it as the certificate has it, for example CN=web");
        }
    }
}
