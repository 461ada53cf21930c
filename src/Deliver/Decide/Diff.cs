using System.Text.Json;
using System.Text.Json.Nodes;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Deliver;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Kinds.Traffic;

namespace Mainstay.Deliver.Decide;

/// <summary>The differences between two versions, by the manifest's paths. What is there on one side only is one difference, without its defaults.</summary>
public static class Diff
{
    static readonly JsonNode ServiceDefaults = Tree(new ServiceSpec());
    static readonly JsonNode NeedDefaults = Tree(new NeedSpec());
    static readonly JsonNode JobDefaults = Tree(new JobSpec { Run = "" });
    static readonly JsonNode QueueDefaults = Tree(new Core.Kinds.State.MessageQueueSpec());
    static readonly JsonNode RouteDefaults = Tree(new RouteSpec { Match = new() });

    /// <summary>In ordinal order of paths; empty when both declare the same. A null <paramref name="before"/> declares nothing.</summary>
    public static IReadOnlyList<FieldChange> Between(ArchitectureVersion? before, ArchitectureVersion after)
    {
        var changes = new List<FieldChange>();
        Compare("", before is null ? new JsonObject() : Content(before), Content(after), changes);
        return [.. changes.OrderBy(c => c.Path, StringComparer.Ordinal)];
    }

    // What a version declares, in the manifest's shape; who made it, when and why is not part of it.
    static JsonObject Content(ArchitectureVersion version)
    {
        var content = (JsonObject)Tree(version.ToSpec());
        content["baseFolder"] = version.BaseFolder;
        content["environment"] = version.Environment is "" ? null : version.Environment;
        content["services"] = new JsonObject(version.Services.Select(s => KeyValuePair.Create<string, JsonNode?>(s.Key, Content(s.Value))));
        return content;
    }

    static JsonObject Content(VersionedService service)
    {
        var content = (JsonObject)Tree(service.Spec);
        content["digest"] = service.Digest;
        content["scaledTo"] = service.Scale;
        return content;
    }

    static void Compare(string path, JsonObject before, JsonObject after, List<FieldChange> changes)
    {
        foreach (var key in before.Select(p => p.Key).Union(after.Select(p => p.Key), StringComparer.Ordinal))
        {
            var at = path.Length == 0 ? key : $"{path}.{key}";
            var (old, current) = (before[key], after[key]);
            if (old is JsonObject a && current is JsonObject b)
            {
                Compare(at, a, b, changes);
            }
            else if (IsContainer(at) && (old ?? current) is JsonObject only)
            {
                // The maps of services and routes themselves are not news, their entries are.
                Compare(at, old is null ? [] : only, old is null ? only : [], changes);
            }
            else if (!JsonNode.DeepEquals(old, current))
            {
                changes.Add(new(at, Text(at, old, current), Text(at, current, old)));
            }
        }
    }

    static bool IsContainer(string path) => path is "services" or "jobs" or "flows" or "gateway" or "gateway.routes";

    static string? Text(string path, JsonNode? value, JsonNode? other)
    {
        var defaults = path.Split('.') switch
        {
            ["services", _] => ServiceDefaults,
            ["services", _, "needs", _] => NeedDefaults,
            ["gateway", "routes", _] => RouteDefaults,
            ["jobs", _] => JobDefaults,
            ["queues", _] => QueueDefaults,
            _ => null,
        };
        return value is null ? null : (other is null && defaults is not null ? Without(value, defaults) : value).ToJsonString(Codec.Options);
    }

    static JsonNode Without(JsonNode value, JsonNode defaults)
    {
        if (value is not JsonObject map || defaults is not JsonObject least)
        {
            return value;
        }

        var kept = new JsonObject();
        foreach (var (key, item) in map)
        {
            if (item is not null && !JsonNode.DeepEquals(item, least[key]))
            {
                kept[key] = ReferenceEquals(least, ServiceDefaults) && key == "needs" ? Needs(item) : least[key] is { } below ? Without(item, below).DeepClone() : item.DeepClone();
            }
        }

        return kept;
    }

    static JsonObject Needs(JsonNode needs) => new(
        needs.AsObject().Select(n => KeyValuePair.Create<string, JsonNode?>(n.Key, n.Value is null ? null : Without(n.Value, NeedDefaults).DeepClone())));

    static JsonNode Tree<T>(T value) => Codec.Tree(value)!;
}
