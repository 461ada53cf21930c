using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Deliver;
using Mainstay.Core.Kinds.Schedule;

namespace Mainstay.Deliver.Decide;

/// <summary>What must hold of each service.</summary>
static class ServiceRules
{
    // Set by Mainstay for every instance: a declared value could only be silently lost.
    static readonly string[] Given = ["PORT", "OUT", "ASPNETCORE_URLS"];

    public static IEnumerable<Problem> Problems(ArchitectureSpec spec, ManifestSurroundings around)
    {
        if (spec.Services.Count > ArchitectureSpec.Most)
        {
            yield return new("services", $"{spec.Services.Count} services are more than {ArchitectureSpec.Most}", "split the architecture");
            yield break;
        }

        foreach (var group in spec.Services.Where(s => s.Value.Release?.Group is not null).GroupBy(s => s.Value.Release!.Group!, StringComparer.Ordinal))
        {
            var first = group.First();
            foreach (var other in group.Where(s => !IsAlike(s.Value, first.Value)))
            {
                yield return new($"services.{other.Key}.release", $"{other.Key} and {first.Key} are released together as group '{group.Key}', and differ in strategy, steps, hold, pause or keepOld", "give all of a group the same release");
            }
        }

        foreach (var problem in spec.Services.SelectMany(s => Each(s.Key, s.Value, around).Select(p => p.Under($"services.{s.Key}"))))
        {
            yield return problem;
        }
    }

    static bool IsAlike(ServiceSpec one, ServiceSpec other)
    {
        static (ReleaseStrategy, TimeSpan, bool, TimeSpan, string) Way(ReleaseSpec release) =>
            (release.Strategy, release.Hold, release.Pause, release.KeepOld, string.Join(' ', (release.Steps ?? ReleaseSpec.UsualSteps).Append(release.Share ?? default)));
        return Way(one.Release!) == Way(other.Release!);
    }

    static IEnumerable<Problem> Each(string name, ServiceSpec service, ManifestSurroundings around)
    {
        // A dot separates caller and callee in the name of a mesh link.
        if (!Names.IsValid(name) || name.Contains('.'))
        {
            yield return new("", $"'{name}' is not the name of a service", $"use 1 to {Names.MaxLength} lower-case letters, digits or '-', beginning and ending with a letter or digit");
        }

        foreach (var problem in service.Validate())
        {
            yield return problem;
        }

        if (service.Scale?.Query is { Expr.Length: > 0 } query && around.WhyNoExpression?.Invoke(query.Expr) is { } why)
        {
            yield return new("scale.query.expr", $"the expression cannot be read: {why}", "write PromQL, and try it with 'mainstay query'");
        }

        foreach (var key in service.Env.Keys.Where(k => Given.Contains(k) || k.StartsWith("MAINSTAY_", StringComparison.Ordinal)))
        {
            yield return new($"env.{key}", $"{key} is given by Mainstay", key == "PORT" ? "remove it; every instance gets a port of its own in $PORT" : "remove it, or use another name");
        }

        foreach (var (judge, spec) in service.Release?.Judge.Queries ?? new Dictionary<string, JudgeQuery>())
        {
            if (around.WhyNoExpression?.Invoke(spec.Query.Replace("$instances", "x", StringComparison.Ordinal)) is { } unread)
            {
                yield return new($"release.judge.queries.{judge}.query", $"the expression cannot be read: {unread}", "write PromQL, and try it with 'mainstay query'");
            }
        }

        if (service.Folder is { } folder && !around.Folders.Exists(Path.GetFullPath(folder, around.BaseFolder)))
        {
            yield return new("folder", $"there is no folder '{folder}' in {around.BaseFolder}", "make it, or correct the path; it is relative to the manifest");
        }
    }
}
