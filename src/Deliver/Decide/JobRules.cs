using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Deliver;
using Mainstay.Core.Kinds.Schedule;

namespace Mainstay.Deliver.Decide;

/// <summary>What must hold of jobs, and of the graph that they make by coming after one another.</summary>
static class JobRules
{
    public static IEnumerable<Problem> Problems(ArchitectureSpec spec, ManifestSurroundings around)
    {
        var jobs = spec.Jobs ?? new Dictionary<string, JobSpec>();
        if (jobs.Count > ArchitectureSpec.MostJobs)
        {
            return [new("jobs", $"{jobs.Count} jobs are more than {ArchitectureSpec.MostJobs}", "split the architecture")];
        }

        return jobs.SelectMany(j => Each(j.Key, j.Value, spec, jobs, around).Concat(j.Value.Validate()).Select(p => p.Under($"jobs.{j.Key}"))).Concat(Circles(jobs));
    }

    static IEnumerable<Problem> Each(string name, JobSpec job, ArchitectureSpec spec, IReadOnlyDictionary<string, JobSpec> jobs, ManifestSurroundings around)
    {
        // A dot separates a job from the number of its run.
        if (!Names.IsValid(name) || name.Contains('.') || name.Length > JobSpec.LongestName)
        {
            yield return new("", $"'{name}' is not the name of a job", $"use 1 to {JobSpec.LongestName} lower-case letters, digits or '-', beginning and ending with a letter or digit");
        }

        if (spec.Services.ContainsKey(name))
        {
            yield return new("", $"a service is called '{name}' too", "choose another name for the job");
        }

        if (job.Service is { } service && !spec.Services.ContainsKey(service))
        {
            yield return new("service", $"there is no service '{service}'", Nearest.To(service, [.. spec.Services.Keys]) is { } near ? $"did you mean '{near}'?" : "name one of the services");
        }

        foreach (var (other, at) in (job.After ?? []).Select((o, i) => (o, i)))
        {
            if (!jobs.ContainsKey(other))
            {
                yield return new($"after.{at}", $"there is no job '{other}'", Nearest.To(other, [.. jobs.Keys]) is { } near ? $"did you mean '{near}'?" : "name one of the jobs");
            }
        }

        if (job.Folder is { } folder && !around.Folders.Exists(Path.GetFullPath(folder, around.BaseFolder)))
        {
            yield return new("folder", $"there is no folder '{folder}' in {around.BaseFolder}", "make it, or correct the path; it is relative to the manifest");
        }
    }

    // Each job of a circle would wait for itself.
    static IEnumerable<Problem> Circles(IReadOnlyDictionary<string, JobSpec> jobs)
    {
        var told = new HashSet<string>(StringComparer.Ordinal);
        foreach (var name in jobs.Keys.Order(StringComparer.Ordinal))
        {
            if (!told.Contains(name) && CircleFrom(name, jobs) is { } circle)
            {
                told.UnionWith(circle);
                yield return new($"jobs.{name}.after", $"jobs come after one another in a circle: {string.Join(" after ", circle.Append(name))}", "remove one of them from an 'after'");
            }
        }
    }

    static List<string>? CircleFrom(string start, IReadOnlyDictionary<string, JobSpec> jobs)
    {
        var from = new Dictionary<string, string>(StringComparer.Ordinal);
        var open = new Queue<string>([start]);
        while (open.TryDequeue(out var at))
        {
            foreach (var other in jobs.GetValueOrDefault(at)?.After ?? [])
            {
                if (other == start)
                {
                    var way = new List<string>();
                    for (var step = at; step != start; step = from[step])
                    {
                        way.Add(step);
                    }

                    way.Add(start);
                    way.Reverse();
                    return way;
                }

                if (from.TryAdd(other, at))
                {
                    open.Enqueue(other);
                }
            }
        }

        return null;
    }
}
