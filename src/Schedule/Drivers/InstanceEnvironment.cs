using System.Collections;
using System.Globalization;
using Mainstay.Core.Kinds.Schedule;

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
    /// <param name="address">Where it is to listen.</param>
    /// <param name="port">On which port.</param>
    /// <param name="api">URL of the Admin API.</param>
    /// <param name="folder">For the output of its build.</param>
    public static Dictionary<string, string> Of(Instance instance, string address, int port, string api, DataFolder folder)
    {
        var template = instance.Template;
        var variables = Inherited();
        variables["DATA_DIR"] = folder.VolumeOf(instance.Service);
        foreach (var (key, value) in template.Env)
        {
            variables[key] = value;
        }

        var number = port.ToString(CultureInfo.InvariantCulture);
        variables["PORT"] = number;
        variables["ASPNETCORE_URLS"] = $"http://{address}:{number}";
        variables["MAINSTAY_INSTANCE"] = instance.Name;
        variables["MAINSTAY_SERVICE"] = instance.Service;
        variables["MAINSTAY_VERSION"] = template.Version;
        variables["MAINSTAY_API"] = api;
        variables["OTEL_SERVICE_NAME"] = instance.Service;
        variables["OTEL_RESOURCE_ATTRIBUTES"] = Attributes(instance);
        if (template.Build is { } build)
        {
            variables["OUT"] = folder.OutputOf(instance.Service, build);
        }

        return variables;
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
