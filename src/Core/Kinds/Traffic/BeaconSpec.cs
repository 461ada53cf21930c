namespace Mainstay.Core.Kinds.Traffic;

/// <summary>
/// A small script, served by the front door, that tells how pages fare in their users' browsers: their loading, changes of route, requests, errors and web vitals, in the
/// traces that go on in the services. A page takes part with <c>&lt;script src="/-/beacon.js" async&gt;&lt;/script&gt;</c>. In the manifest <c>true</c> may stand alone.
/// </summary>
[PlainValueIs(nameof(Enabled))]
public sealed record BeaconSpec
{
    const int MostPath = 128;

    /// <summary>Whether it is served. Default true.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>Where pages send their reports to; the script is beside it, with <c>.js</c> behind. Default <c>/-/beacon</c>.</summary>
    public string Path { get; init; } = "/-/beacon";

    /// <summary>Which part of the pages reports. Default 100%; above 0%.</summary>
    public Share Share { get; init; } = Share.Percent(100);

    /// <summary>Reports that one client's address may send; a page sends at most one each 5 s and one when it is left. Default 10/s.</summary>
    public Rate Rate { get; init; } = new(10, TimeSpan.FromSeconds(1));

    public IEnumerable<Problem> Validate()
    {
        if (Path.Length is < 2 or > MostPath || Path[0] != '/' || Path[^1] == '/' || Path.Contains("//", StringComparison.Ordinal) || Path.Contains("/.", StringComparison.Ordinal) || !Path.All(IsPlain))
        {
            yield return new("path", $"'{Path}' is no path for the beacon", $"write '/' and up to {MostPath - 1} letters, digits and '-', '_', '.', '/'; for example /-/beacon");
        }

        if (Share.Fraction <= 0)
        {
            yield return new("share", "no page would report", "choose more than 0%, or remove the beacon");
        }
    }

    static bool IsPlain(char c) => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' or '/';
}
