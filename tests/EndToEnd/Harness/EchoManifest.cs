using System.Globalization;
using System.Text;

namespace Mainstay.EndToEnd.Harness;

/// <summary>Writes manifests of services that all run <c>echo.js</c>.</summary>
sealed class EchoManifest
{
    readonly SortedDictionary<string, EchoService> services = new(StringComparer.Ordinal);

    public required int GatewayPort { get; init; }

    public EchoManifest With(string name, EchoService service)
    {
        services[name] = service;
        return this;
    }

    /// <summary>The manifest as text. The front door sends <c>/NAME/…</c> to each service and everything else to <paramref name="front"/>.</summary>
    public string Text(string front)
    {
        var text = new StringBuilder("architecture: echoes\nenvironment: test\nservices:\n");
        foreach (var (name, service) in services)
        {
            text.Append(CultureInfo.InvariantCulture, $"  {name}:\n{service.Text()}");
        }

        text.Append(CultureInfo.InvariantCulture, $$"""
            gateway:
              listen: "http://127.0.0.1:{{GatewayPort}}"
              routes:
                all: { match: { path: "/{**rest}" }, to: {{front}} }

            """);
        foreach (var name in services.Keys.Where(n => n != front))
        {
            text.Append(CultureInfo.InvariantCulture, $"    {name}: {{ match: {{ path: \"/{name}/{{**rest}}\" }}, to: {name} }}\n");
        }

        return text.ToString();
    }
}

/// <summary>One service that runs <c>echo.js</c>.</summary>
sealed record EchoService
{
    public string Version { get; init; } = "1.0.0";

    public int Instances { get; init; } = 1;

    public IReadOnlyList<string> Needs { get; init; } = [];

    public IReadOnlyDictionary<string, string> Env { get; init; } = new Dictionary<string, string>();

    public string Health { get; init; } = "{ path: /health, interval: 200ms, timeout: 1s, failures: 3, startup: 20s }";

    /// <summary>Further lines of the manifest, without indentation.</summary>
    public IReadOnlyList<string> More { get; init; } = [];

    public string Text()
    {
        List<string> lines =
        [
            $"version: {Version}",
            $"run: node {Path.Combine(Repository.Services, "echo.js")}",
            $"instances: {Instances}",
            $"health: {Health}",
            "grace: 3s",
            "drain: 2s",
            .. More,
        ];
        if (Needs.Count > 0)
        {
            lines.Add($"needs: {{ {string.Join(", ", Needs.Select(n => n + ": {}"))} }}");
        }

        if (Env.Count > 0)
        {
            lines.Add($"env: {{ {string.Join(", ", Env.Select(v => $"{v.Key}: \"{v.Value}\""))} }}");
        }

        return string.Concat(lines.Select(l => $"    {l}\n"));
    }
}
