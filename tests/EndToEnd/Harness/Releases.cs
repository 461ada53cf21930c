using System.Globalization;
using System.Text.Json.Nodes;

namespace Mainstay.EndToEnd.Harness;

/// <summary>Releases of an installation, one after the other: how each is declared for a trial, and how it ended.</summary>
sealed class Releases(Installation mainstay)
{
    readonly Dictionary<string, int> ends = new(StringComparer.Ordinal);

    /// <summary>What a manifest says of each strategy, with short holds.</summary>
    public static IReadOnlyDictionary<string, string> Strategies { get; } = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["recreate"] = "recreate",
        ["rolling"] = "rolling",
        ["blueGreen"] = "{ strategy: blueGreen, keepOld: 300ms }",
        ["canary"] = "{ strategy: canary, steps: [20%, 50%], hold: 500ms }",
        ["ab"] = "{ strategy: ab, share: 50% }",
    };

    public int Ended => ends.Values.Sum();

    public int Promoted => ends.GetValueOrDefault("promoted");

    /// <summary>Waits until a release that was declared has ended. An A/B is promoted as soon as it holds.</summary>
    public async Task EndAsync(string service, string version, string strategy)
    {
        JsonNode? last = null;
        var said = false;
        var end = await Eventually.GetAsync(
            async () =>
            {
                last = (await mainstay.GetAsync($"services/{service}/rollout"))["release"];
                if ((string?)last?["version"] != version)
                {
                    return null;
                }

                var stage = (string)last["stage"]!;
                if (stage == "holding" && strategy == "ab" && !said)
                {
                    said = true;
                    (await mainstay.RunAsync("rollout", "promote", service)).Code.ShouldBe(0);
                }

                return stage is "promoted" or "aborted" ? stage : null;
            },
            TimeSpan.FromSeconds(120),
            () => $"{service} {version} by {strategy}: {last}\n{mainstay.Logs()}");
        ends[end] = ends.GetValueOrDefault(end) + 1;
    }

    /// <summary>How many ended how.</summary>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{Ended} releases ({string.Join(", ", ends.OrderBy(e => e.Key, StringComparer.Ordinal).Select(e => $"{e.Value} {e.Key}"))})");
}
