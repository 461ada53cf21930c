using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Store;
using Mainstay.Host.Api.Agents;
using Mainstay.Host.Security;

namespace Mainstay.Host.Api;

/// <summary>What people ask of jobs: to run now, with parameters, and to end a run. Each is an event. Lists and details are those of every kind.</summary>
public sealed class JobEndpoints(IStore store, KindRegistry kinds, TimeProvider time, EventNames names)
{
    const int Tries = 8;
    const int MostValue = 16 << 10;

    public IEnumerable<ApiRoute> Routes() =>
    [
        new("POST", "/api/v1/jobs/{name}/run", "Runs a job now; it waits where an earlier run of it is under way, unless they may overlap.", RunAsync) { Body = typeof(JobAsk), Answer = typeof(JobRun) },
        new("POST", "/api/v1/runs/{name}/cancel", "Ends a run of a job.", CancelAsync) { Answer = typeof(JobRun) },
    ];

    async Task<Answer?> RunAsync(Call call)
    {
        if (call.Wrong() is { } wrong)
        {
            return wrong;
        }

        var (ask, malformed) = await Body.ReadAsync<JobAsk>(call, strict: false);
        if (ask is null)
        {
            return malformed;
        }

        var name = call.Path("name");
        var who = Identity.Of(call.Request).Who;
        for (var attempt = 0; attempt < Tries; attempt++)
        {
            if (await GetAsync<Job>(name, call.Stop) is not { Removed: false } job)
            {
                return ProblemAnswer.NotFound($"there is no job '{name}'", "see 'mainstay job list'");
            }

            if (Refused(job, ask, await GetAsync<Architecture>(Architecture.TheName, call.Stop)) is { } refused)
            {
                return refused;
            }

            var now = time.GetUtcNow();
            var forgotten = (await GetAsync<Architecture>(Architecture.TheName, call.Stop))?.Forgotten.GetValueOrDefault("job/" + name) ?? 0;
            var number = Math.Max(job.Status.NextRun, forgotten);
            var run = new JobRun
            {
                Name = JobRun.NameOf(name, number), Job = name, Number = number, Spec = job.Spec, BaseFolder = job.BaseFolder, Parameters = ask.Parameters, Because = $"asked for by {who}", At = now,
            };
            var counted = job with { Status = job.Status with { NextRun = number + 1, Active = job.Status.Active + 1 } };
            if (await CommitAsync([(counted, job.Revision), (run, 0)], names.Make(now, $"job/{name}", "JobAsked", $"{who} asked for {run.Name}"), call.Stop))
            {
                return Answer.Json(run);
            }
        }

        return ProblemAnswer.Conflict($"'{name}' changes all the time", "try again");
    }

    static ProblemAnswer? Refused(Job job, JobAsk ask, Architecture? architecture)
    {
        if (architecture is not { Running: true })
        {
            return ProblemAnswer.Conflict("everything is stopped", "start it with 'mainstay up'");
        }

        var problems = ask.Parameters.OrderBy(p => p.Key, StringComparer.Ordinal).SelectMany(p => ParameterProblems(job, p.Key, p.Value)).ToArray();
        return problems.Length > 0 ? ProblemAnswer.Invalid([.. problems.Select(ProblemPlace.Of)]) : null;
    }

    static IEnumerable<Problem> ParameterProblems(Job job, string key, string? value)
    {
        if (!job.Spec.Parameters.ContainsKey(key))
        {
            var known = job.Spec.Parameters.Keys.Order(StringComparer.Ordinal).ToArray();
            var remedy = known.Length == 0 ? "it takes none" : Nearest.To(key, known) is { } near ? $"did you mean '{near}'? It takes {string.Join(", ", known)}" : $"it takes {string.Join(", ", known)}";
            yield return new($"parameters.{key}", $"'{job.Name}' has no parameter '{key}'", remedy);
        }
        else if (value is null || value.Length > MostValue || value.Contains('\0', StringComparison.Ordinal))
        {
            yield return new($"parameters.{key}", $"the value of '{key}' is no text of at most {MostValue} characters", "give a shorter one, or the name of a file");
        }
    }

    async Task<Answer?> CancelAsync(Call call)
    {
        if (call.Wrong() is { } wrong)
        {
            return wrong;
        }

        var name = call.Path("name");
        var who = Identity.Of(call.Request).Who;
        for (var attempt = 0; attempt < Tries; attempt++)
        {
            if (await GetAsync<JobRun>(name, call.Stop) is not { } run)
            {
                return ProblemAnswer.NotFound($"there is no run '{name}'", "see 'mainstay job history JOB'");
            }

            if (run.Status.State > RunState.Running)
            {
                return ProblemAnswer.Conflict($"{name} has ended already", "nothing is left to do");
            }

            if (run.Goal == RunGoal.Cancel)
            {
                return Answer.Json(run);
            }

            var cancelled = run with { Goal = RunGoal.Cancel, Status = run.Status with { Message = $"cancelled by {who}" } };
            if (await CommitAsync([(cancelled, run.Revision)], names.Make(time.GetUtcNow(), $"job/{run.Job}", "JobCancelAsked", $"{who} cancels {name}"), call.Stop))
            {
                return Answer.Json(cancelled);
            }
        }

        return ProblemAnswer.Conflict($"'{name}' changes all the time", "try again");
    }

    async Task<bool> CommitAsync((Resource Resource, long Revision)[] writes, Event told, CancellationToken stop)
    {
        string KeyOf(Resource resource) => kinds.Of(resource.GetType()).KeyOf(resource.Name);
        var result = await store.CommitAsync(
            new(
                [.. writes.Select(w => new Compare(KeyOf(w.Resource), w.Revision))],
                [.. writes.Select(w => new Operation(KeyOf(w.Resource), Codec.Encode(w.Resource))), new(KeyOf(told), Codec.Encode(told))]),
            stop);
        return result.Succeeded;
    }

    async Task<T?> GetAsync<T>(string name, CancellationToken stop)
        where T : Resource
    {
        var kind = kinds.Of<T>();
        return await store.GetAsync(kind.KeyOf(name), stop) is { } entry ? kind.Decode(entry) : null;
    }
}

/// <summary>Asks for a run of a job.</summary>
public sealed record JobAsk
{
    /// <summary>Values of the job's parameters; the others have their default.</summary>
    public IReadOnlyDictionary<string, string> Parameters { get; init; } = new Dictionary<string, string>();
}
