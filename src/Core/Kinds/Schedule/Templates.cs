using System.Security.Cryptography;
using Mainstay.Core.Kinds.Traffic;

namespace Mainstay.Core.Kinds.Schedule;

/// <summary>Turns a declared service into the template of its instances.</summary>
public static class Templates
{
    /// <summary>The template that <paramref name="service"/> declares, with the URLs of the needs that have a mesh port.</summary>
    public static InstanceTemplate Of(Service service, IReadOnlyDictionary<string, int> links)
    {
        var template = new InstanceTemplate
        {
            Version = service.Spec.Version ?? "",
            Run = service.Spec.Run ?? "",
            Image = service.Spec.Image,
            Container = service.Spec.Container?.Under(service.BaseFolder),
            Folder = FolderOf(service),
            Build = service.Spec.Build is not null && service.Digest is { } digest ? Build.NameOf(service.Name, digest) : null,
            Resources = service.Spec.Resources,
            Moves = service.Spec is { Recover: Recover.Pet, Place.Data: PlaceData.Shared } ? true : null,
            Env = Environment(service, links),
            Health = service.Spec.Health,
            Restart = service.Spec.Restart,
            Grace = service.Spec.Grace,
            Generation = service.Generation,
        };
        return template with { Hash = Convert.ToHexStringLower(SHA256.HashData(Codec.Encode(template)))[..12] };
    }

    /// <summary>Absolute working folder of a service.</summary>
    public static string FolderOf(Service service) => Path.GetFullPath(Path.Combine(service.BaseFolder, service.Spec.Folder ?? "."));

    /// <summary>The name of the variable with a need's URL: <c>orders-db</c> becomes <c>ORDERS_DB_URL</c>.</summary>
    public static string UrlVariable(string need) => need.ToUpperInvariant().Replace('-', '_') + "_URL";

    static SortedDictionary<string, string> Environment(Service service, IReadOnlyDictionary<string, int> links)
    {
        var env = new SortedDictionary<string, string>(service.Spec.Env.ToDictionary(), StringComparer.Ordinal);
        foreach (var (need, port) in links)
        {
            var url = $"http://127.0.0.1:{port}";
            env[MeshLink.VariableOf(need)] = url;
            env[UrlVariable(need)] = url;
        }

        return env;
    }
}
