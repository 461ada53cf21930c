using System.Security.Cryptography;
using Mainstay.Core.Kinds.State;
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
            Config = service.Spec.Config,
            Secrets = SecretsOf(service),
            Files = FilesOf(service.Spec),
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

    // What the service asks for by name counts before what its configuration refers to.
    static SortedDictionary<string, GivenSecret>? SecretsOf(Service service)
    {
        var given = new SortedDictionary<string, GivenSecret>(StringComparer.Ordinal);
        foreach (var (variable, secret) in service.Settings?.Secrets ?? new Dictionary<string, string>())
        {
            given[variable] = new(secret, File: false);
        }

        foreach (var (name, use) in service.Spec.Secrets ?? new Dictionary<string, SecretUse>())
        {
            given[use.VariableOf(name)] = new(name, use.File);
        }

        return given.Count == 0 ? null : given;
    }

    /// <summary>The files of a service's instances with what they have by default; null for none.</summary>
    public static IReadOnlyDictionary<string, ConfigFile>? FilesOf(ServiceSpec spec) => spec.Files is not { Count: > 0 } files ? null : new SortedDictionary<string, ConfigFile>(
        files.ToDictionary(f => f.Key, f => f.Value with
        {
            From = f.Value.From ?? spec.Config?.Space,
            Environment = f.Value.Environment ?? (f.Value.From is null || f.Value.From == spec.Config?.Space ? spec.Config?.Environment : null),
            Env = f.Value.VariableOf(f.Key),
        }, StringComparer.Ordinal), StringComparer.Ordinal);

    static SortedDictionary<string, string> Environment(Service service, IReadOnlyDictionary<string, int> links)
    {
        var env = new SortedDictionary<string, string>(service.Settings?.Env.ToDictionary() ?? [], StringComparer.Ordinal);
        if (service.Settings is { } settings)
        {
            env[ConfigSettings.TagVariable] = settings.Tag;
        }

        foreach (var (key, value) in service.Spec.Env)
        {
            env[key] = value;
        }

        foreach (var (need, port) in links)
        {
            var url = $"http://127.0.0.1:{port}";
            env[MeshLink.VariableOf(need)] = url;
            env[UrlVariable(need)] = url;
        }

        return env;
    }
}
