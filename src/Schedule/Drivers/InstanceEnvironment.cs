using System.Collections;
using System.Globalization;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Kinds.Traffic;

namespace Mainstay.Schedule.Drivers;

/// <summary>The environment of instances and builds: the agent's own without what concerns Mainstay alone, then the declared one, then ours.</summary>
static class InstanceEnvironment
{
    /// <summary>The agent's environment without <c>MAINSTAY_*</c>: its token and folders are nobody else's business.</summary>
    public static Dictionary<string, string> Inherited()
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (DictionaryEntry entry in Environment.GetEnvironmentVariables())
        {
            var key = (string)entry.Key;
            if (!key.StartsWith("MAINSTAY_", StringComparison.Ordinal))
            {
                variables[key] = (string?)entry.Value ?? "";
            }
        }

        return variables;
    }

    /// <param name="instance">The instance.</param>
    /// <param name="place">Where it is to listen, and what it is told.</param>
    /// <param name="port">On which port.</param>
    /// <param name="folder">For the output of its build.</param>
    /// <param name="secrets">Those that it is given, by variable.</param>
    /// <remarks>A container has the declared and our own variables alone, and in a bridge network the port is its own.</remarks>
    public static Dictionary<string, string> Of(Instance instance, InstancePlace place, int port, DataFolder folder, IReadOnlyDictionary<string, string> secrets)
    {
        var template = instance.Template;
        var inContainer = template.Image is not null;
        var isBridge = inContainer && template.Container?.Network == ContainerNetwork.Bridge;
        var variables = inContainer ? new Dictionary<string, string>(StringComparer.Ordinal) : Inherited();
        if (!inContainer)
        {
            variables["DATA_DIR"] = folder.VolumeOf(instance.Service);
        }

        foreach (var (key, value) in template.Env)
        {
            variables[key] = value;
        }

        if (template.Other == true && !isBridge)
        {
            CallByOther(variables, template.Env);
        }

        foreach (var (key, value) in secrets)
        {
            variables[key] = value;
        }

        var number = (isBridge ? template.Container!.Port : port).ToString(CultureInfo.InvariantCulture);
        variables["PORT"] = number;
        variables["ASPNETCORE_URLS"] = $"http://{(isBridge ? "0.0.0.0" : place.Address)}:{number}";
        variables["MAINSTAY_INSTANCE"] = instance.Name;
        variables["MAINSTAY_SERVICE"] = instance.Service;
        variables["MAINSTAY_VERSION"] = template.Version;
        variables["MAINSTAY_API"] = place.Api;
        variables["OTEL_SERVICE_NAME"] = instance.Service;
        variables["OTEL_RESOURCE_ATTRIBUTES"] = Attributes(instance);
        Add(place.Telemetry, variables);
        if (template.Build is { } build)
        {
            variables["OUT"] = folder.OutputOf(Build.ServiceOf(build), build);
        }

        return variables;
    }

    /// <summary>Whether an instance calls others from a bridge network.</summary>
    public static bool CallsFromBridge(InstanceTemplate template) => template is { Image: not null, Container.Network: ContainerNetwork.Bridge } && Links(template.Env).Any();

    /// <summary>Has a container in a bridge network call by the host's address there, wherever the addresses of its mesh links stand.</summary>
    public static void CallByBridge(Dictionary<string, string> variables, InstanceTemplate template, ContainerBridge bridge)
    {
        foreach (var (key, url) in Links(template.Env))
        {
            if (variables.GetValueOrDefault(key) == url.OriginalString)
            {
                variables[key] = string.Create(CultureInfo.InvariantCulture, $"http://{bridge.Address}:{ContainerBridge.PortOf(url.Port, template.Other == true)}");
            }
        }
    }

    static void CallByOther(Dictionary<string, string> variables, IReadOnlyDictionary<string, string> declared)
    {
        foreach (var (key, url) in Links(declared))
        {
            variables[key] = url.OriginalString.Replace($"//{MeshLink.Address}:", $"//{MeshLink.OtherAddress}:", StringComparison.Ordinal);
        }
    }

    // The addresses of its mesh links, wherever they stand.
    static IEnumerable<(string Variable, Uri Url)> Links(IReadOnlyDictionary<string, string> declared)
    {
        var links = declared.Where(v => v.Key.StartsWith("services__", StringComparison.Ordinal) && v.Key.EndsWith("__http__0", StringComparison.Ordinal)).Select(v => v.Value).ToHashSet(StringComparer.Ordinal);
        foreach (var (key, value) in declared)
        {
            if (links.Contains(value) && Uri.TryCreate(value, UriKind.Absolute, out var url) && url.Host == MeshLink.Address)
            {
                yield return (key, url);
            }
        }
    }

    // Whoever says where telemetry goes says it whole: the protocol is only ours with our address.
    static void Add(IReadOnlyDictionary<string, string>? telemetry, Dictionary<string, string> variables)
    {
        var isOwn = variables.ContainsKey("OTEL_EXPORTER_OTLP_ENDPOINT");
        foreach (var (key, value) in telemetry ?? new Dictionary<string, string>())
        {
            if (!isOwn || !key.StartsWith("OTEL_EXPORTER_OTLP_", StringComparison.Ordinal))
            {
                variables.TryAdd(key, value);
            }
        }
    }

    // OpenTelemetry's resource attributes: key=value joined by commas. What the template says (the criticality) is kept.
    static string Attributes(Instance instance)
    {
        var attributes = new List<string> { $"service.instance.id={instance.Name}" };
        if (instance.Template.Version.Length > 0)
        {
            attributes.Add($"service.version={instance.Template.Version}");
        }

        if (instance.Template.Env.TryGetValue("OTEL_RESOURCE_ATTRIBUTES", out var declared) && declared.Length > 0)
        {
            attributes.Add(declared);
        }

        return string.Join(',', attributes);
    }
}
