using System.Globalization;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Traffic.Path;

namespace Mainstay.Traffic.Decide;

/// <summary>The beacon as routes like all others, so that limits, records and explanations hold for it. No route that people declare can have their names.</summary>
static class BeaconRoutes
{
    /// <summary>The route of the script.</summary>
    public const string Script = "~beacon.js";

    /// <summary>The route that takes reports.</summary>
    public const string Reports = "~beacon";

    // For all clients together; what comes beyond a batch's room is dropped anyway.
    static readonly Rate Altogether = new(2000, TimeSpan.FromSeconds(1));

    public static IEnumerable<RouteModel> Of(BeaconSpec spec) =>
    [
        new(Script, new RouteSpec
        {
            Match = new() { Path = spec.Path + ".js", Methods = ["GET"] },
            Respond = new()
            {
                Body = BeaconScript.Text
                    .Replace("%PATH%", spec.Path, StringComparison.Ordinal)
                    .Replace("%SHARE%", spec.Share.Fraction.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal),
                ContentType = "text/javascript; charset=utf-8",
                Headers = new Dictionary<string, string> { ["Cache-Control"] = "public, max-age=300", ["X-Content-Type-Options"] = "nosniff" },
            },
        }),
        new(Reports, new RouteSpec
        {
            Match = new() { Path = spec.Path, Methods = ["POST"] },
            MaxBody = new ByteSize(ReportGate.MostBytes),
            Limits =
            [
                new() { Algorithm = LimitAlgorithm.TokenBucket, Rate = Altogether },
                new() { Algorithm = LimitAlgorithm.TokenBucket, Per = "client", Rate = spec.Rate, Burst = (int)Math.Clamp(spec.Rate.Count * 4, 1, 1_000_000) },
            ],
            Respond = new() { Status = 204 },
        })
        { TakesReports = true },
    ];
}
