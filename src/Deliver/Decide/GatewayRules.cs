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
        var gateway = new Gateway { Name = Gateway.TheName, Listen = spec.Gateway.Listen };
        foreach (var problem in gateway.Validate())
        {
            yield return problem.Under("gateway");
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

    static int? PortOf(ArchitectureSpec spec) => Uri.TryCreate(spec.Gateway.Listen, UriKind.Absolute, out var url) ? url.Port : null;

    static IEnumerable<Problem> Each(ArchitectureSpec spec, ManifestSurroundings around, string name, RouteSpec route)
    {
        if (!Names.IsValid(name))
        {
            yield return Names.Invalid("", name);
        }

        foreach (var (path, to) in new[] { ("to", route.To), ("mirror.to", route.Mirror?.To) }.Concat((route.Split?.Services ?? []).Select(s => ("split.parts", (string?)s))))
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
