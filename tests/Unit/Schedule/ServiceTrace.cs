using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Kinds.Traffic;

namespace Mainstay.Tests.Schedule;

/// <summary>Changes of resources as lines for people.</summary>
static class ServiceTrace
{
    public static void Of(Resource? before, Resource? after, List<string> lines)
    {
        switch (before ?? after)
        {
            case Service service:
                OfService(service.Name, (before as Service)?.Status, (after as Service)?.Status, lines);
                break;
            case Instance instance:
                OfInstance(instance.Name, before as Instance, after as Instance, lines);
                break;
            case Build when after is Build build && (before as Build)?.Attempt != build.Attempt:
                lines.Add($"+ build {build.Name} on {build.Host}, attempt {build.Attempt}");
                break;
            case Build when after is Build build && before is Build old && old.Host != build.Host:
                lines.Add($"build {build.Name} moves from {old.Host} to {build.Host}");
                break;
            case Endpoints endpoints:
                lines.Add($"{endpoints.Name} at {(after is Endpoints { Items.Count: > 0 } now ? string.Join(' ', now.Items.Select(i => i.Instance)) : after is null ? "nothing, forgotten" : "nothing")}{SplitOf(after as Endpoints)}");
                break;
            case ReleaseRecord record:
                lines.Add(after is ReleaseRecord { Release: var ended } ? $"= release {record.Name} of {ended.Version} by {ended.Strategy} {ended.Stage}{(ended.Why.Length > 0 ? $": {ended.Why}" : "")}, {string.Join(' ', ended.Marks.Select(m => $"{m.Stage}@{m.Share}"))}" : $"- release {record.Name}");
                break;
            case MeshLink link:
                lines.Add(after is MeshLink now2 ? $"+ link {link.Name} port {now2.Port}" : $"- link {link.Name}");
                break;
        }
    }

    static string SplitOf(Endpoints? endpoints) => endpoints?.Split is { } split ? $", {split.Weight / 100.0}% to {string.Join(' ', split.New)}{(split.By is null ? "" : $" by {split.By}")}{(split.Group is null ? "" : $" with {split.Group}")}" : "";

    static void OfService(string name, ServiceStatus? before, ServiceStatus? after, List<string> lines)
    {
        if (after is null)
        {
            lines.Add($"- service {name}");
        }
        else if (before is not null && (before.State, before.Reason, before.Message) != (after.State, after.Reason, after.Message))
        {
            var state = before.State == after.State ? $"{after.State}" : $"{before.State} -> {after.State}";
            lines.Add($"{name}: {state} {after.Reason}{(after.Message.Length > 0 ? ": " + after.Message.Replace('\n', '|') : "")}");
        }
    }

    static void OfInstance(string name, Instance? before, Instance? after, List<string> lines)
    {
        if (before is null && after is not null)
        {
            lines.Add($"+ {name} on {after.Host}, {Title(after)}");
        }
        else if (after is null)
        {
            lines.Add($"- {name}");
        }
        else if (before!.Goal != after.Goal)
        {
            lines.Add($"{name} {after.Goal.ToString().ToLowerInvariant()}");
        }
    }

    static string Title(Instance instance) =>
        instance.Template.Version + (instance.Template.Generation > 0 ? $" generation {instance.Template.Generation}" : "");
}
