using System.Text;
using Mainstay.Deliver.Manifest;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Deliver;

/// <summary>Manifests with seeded damage: whatever comes, there is an architecture or a reason why not, and never an exception.</summary>
public class ManifestFuzzTests
{
    const string Whole = """
        architecture: shop
        environment: &env dev
        x-common: &common { grace: 1s, env: { A: "b", 'c': d } }
        services:
          web: &web
            <<: *common
            version: 1.4.0
            criticality: critical
            build: |
              make \
                all
            run: ./web
            instances: { min: 2, max: 6 }
            health: { path: /health, interval: 500ms, failures: 3 }
            needs: { orders: { version: ">=2.0 <3.0" }, reviews: { optional: true } }
          orders: { version: 2.1.0, run: ./orders, needs: [stock] }
          stock: { run: ./stock, recover: pet }
          reviews: # low
            run: >-
              ./reviews
        gateway:
          listen: http://127.0.0.1:8080
          routes:
            api: { match: { path: "/api/{**rest}", methods: [GET] }, to: orders, retry: { attempts: 2, on: [connect] } }
            all: { match: {}, to: web, timeout: 5s }
        ---
        environment: prod
        services: { web: { instances: 3 }, stock: ~ }
        """;

    static readonly string[] Pieces =
        [":", ": ", "- ", "\n", "\n  ", "\t", "{", "}", "[", "]", ",", "&a ", "*a", "<<: *web", "!x ", "!!int ", "|", ">", "'", "\"", "\\", "#", "?", "%YAML 1.9\n", "---\n", "...\n", "~", "null", "\0", "\uFEFF", "é", "\uD800", "999999999999999999999999999999d", "1e9", "@", "`", "\r"];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Damage_never_throws(int seed)
    {
        var random = new Random(seed);
        for (var run = 0; run < 500; run++)
        {
            var text = new StringBuilder(Whole);
            for (var damage = random.Next(1, 6); damage > 0; damage--)
            {
                Damage(text, random);
            }

            var result = Should.NotThrow(() => ManifestReader.Read([new("m.yaml", text.ToString())], ManifestScenarios.Around), $"seed {seed}, run {run}:\n{text}");
            (result.Value is null).ShouldBe(result.Problems.Count > 0, $"seed {seed}, run {run}:\n{text}");
            result.Problems.ShouldAllBe(p => p.What.Length > 0 && p.Remedy.Length > 0 && (p.File == "m.yaml" || p.File.Length == 0));
        }
    }

    static void Damage(StringBuilder text, Random random)
    {
        var at = random.Next(text.Length);
        var length = Math.Min(random.Next(1, 30), text.Length - at);
        switch (random.Next(4))
        {
            case 0:
                text.Remove(at, length);
                break;
            case 1:
                text.Insert(at, Pieces[random.Next(Pieces.Length)]);
                break;
            case 2:
                text.Insert(random.Next(text.Length), text.ToString(at, length));
                break;
            default:
                text[at] = (char)random.Next(1, 0x180);
                break;
        }
    }
}
