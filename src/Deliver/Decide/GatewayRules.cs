using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Deliver;
using Mainstay.Core.Kinds.Traffic;

namespace Mainstay.Deliver.Decide;

/// <summary>What must hold of the gateway and its routes.</summary>
static class GatewayRules
{
    // Agents take instance ports from 20000 on, the server mesh ports up to 32767.
    const int FirstGivenPort = 20_000;
    const int LastGivenPort = 32_767;

    public static IEnumerable<Problem> Problems(ArchitectureSpec spec, ManifestSurroundings around)
    {
        var gateway = new Gateway { Name = Gateway.TheName }.With(spec.Gateway);
        foreach (var problem in gateway.Validate())
        {
            yield return problem.Under("gateway");
        }

        foreach (var problem in FileProblems(spec, around))
        {
            yield return problem;
        }

        if (Uri.TryCreate(spec.Gateway.Tls?.Listen, UriKind.Absolute, out var secure) && secure.Port == around.AdminPort)
        {
            yield return new("gateway.tls.listen", $"the Admin API listens on port {around.AdminPort}", "choose another port, for example https://127.0.0.1:8443");
        }

        if (PortOf(spec) == around.AdminPort)
        {
            yield return new("gateway.listen", $"the Admin API listens on port {around.AdminPort}", $"choose another port, for example {Gateway.DefaultListen}");
        }

        if (spec.Gateway.Routes.Count > ArchitectureSpec.MostRoutes)
        {
            yield return new("gateway.routes", $"{spec.Gateway.Routes.Count} routes are more than {ArchitectureSpec.MostRoutes}", "join routes, or split the architecture");
            yield break;
        }

        foreach (var (name, route) in spec.Gateway.Routes)
        {
            foreach (var problem in Each(spec, around, name, route))
            {
                yield return problem.Under($"gateway.routes.{name}");
            }
        }

        foreach (var (name, _) in spec.Gateway.Routes.Where(r => spec.Gateway.Beacon is { Enabled: true } beacon && r.Value.Match.Path is { } path && (path == beacon.Path || path == $"{beacon.Path}.js")))
        {
            yield return new($"gateway.routes.{name}.match.path", "the beacon has this path", "choose another path, or give the beacon one with 'beacon: { path: … }'");
        }

        foreach (var problem in GuardRules.Problems(spec.Gateway).Concat(RouteAmbiguity.Problems(spec.Gateway.Routes)))
        {
            yield return problem;
        }
    }

    public static IEnumerable<Problem> Warnings(ArchitectureSpec spec)
    {
        if (PortOf(spec) is >= FirstGivenPort and <= LastGivenPort and var port)
        {
            yield return new("gateway.listen", $"port {port} is among those that Mainstay gives to instances ({FirstGivenPort} to {LastGivenPort}), and may be taken", $"choose another port, for example {Gateway.DefaultListen}");
        }
    }

    static IEnumerable<Problem> FileProblems(ArchitectureSpec spec, ManifestSurroundings around)
    {
        var tls = spec.Gateway.Tls;
        if (around.Certificates is not { } certificates)
        {
            yield break;
        }

        foreach (var (index, pair) in (tls?.Certificates ?? []).Index())
        {
            if (certificates.WhyNot(Path.GetFullPath(pair.Cert, around.BaseFolder), Path.GetFullPath(pair.Key, around.BaseFolder)) is { } why)
            {
                yield return new($"gateway.tls.certificates[{index}]", $"'{pair.Cert}' with the key '{pair.Key}' cannot be used: {why}", "name a PEM certificate and its PEM key; paths are relative to the manifest");
            }
        }

        if (tls?.Clients is { } clients && certificates.WhyNot(Path.GetFullPath(clients.Ca, around.BaseFolder), null) is { } wrong)
        {
            yield return new("gateway.tls.clients.ca", $"'{clients.Ca}' cannot be used: {wrong}", "name a PEM file with certificates; paths are relative to the manifest");
        }

        foreach (var (name, service) in spec.Services.Where(s => s.Value.Traffic?.Tls is not null))
        {
            var terms = service.Traffic!.Tls!;
            foreach (var (file, key) in new[] { (terms.Ca, null), (terms.Cert, terms.Key) })
            {
                if (file is not null && certificates.WhyNot(Path.GetFullPath(file, around.BaseFolder), key is null ? null : Path.GetFullPath(key, around.BaseFolder)) is { } why)
                {
                    yield return new($"services.{name}.traffic.tls", $"'{file}' cannot be used: {why}", "name PEM files; paths are relative to the manifest");
                }
            }
        }
    }

    static int? PortOf(ArchitectureSpec spec) => Uri.TryCreate(spec.Gateway.Listen, UriKind.Absolute, out var url) ? url.Port : null;

    static IEnumerable<Problem> Each(ArchitectureSpec spec, ManifestSurroundings around, string name, RouteSpec route)
    {
        if (!Names.IsValid(name))
        {
            yield return Names.Invalid("", name);
        }

        foreach (var (path, to) in new[] { ("to", route.To), ("mirror.to", route.Mirror?.To) }
            .Concat((route.Split?.Services ?? []).Select(s => ("split.parts", (string?)s)))
            .Concat((route.Compose?.Calls() ?? []).Select(c => ($"compose.{c.Path}.to", (string?)c.Call.To))))
        {
            if (to is not null && !spec.Services.ContainsKey(to))
            {
                yield return new(path, $"there is no service '{Deliver.Manifest.Words.Shown(to)}'", NeedRules.Suggest(to, spec.Services.Keys));
            }
        }

        if (route.Files is { } files && !around.Folders.Exists(Path.GetFullPath(files.Root, around.BaseFolder)))
        {
            yield return new("files.root", $"there is no folder '{Deliver.Manifest.Words.Shown(files.Root)}'", "name a folder, relative to the manifest");
        }

        foreach (var problem in route.Validate().Concat(NeedRules.Fallback(spec, route.To ?? "", route)))
        {
            yield return problem;
        }
    }
}
