using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Reconcile;

namespace Mainstay.Schedule.Decide;

/// <summary>Has the builds of this host made, each attempt once.</summary>
public sealed class BuildReconciler : IReconciler
{
    public string Name => "build";

    public IReadOnlyList<Type> Watches { get; } = [typeof(Build), typeof(BuildRun)];

    public IEnumerable<string> Affected(Resource? before, Resource? after, Snapshot seen) => [(after ?? before)!.Name];

    public Plan? Next(string key, Snapshot seen, DateTimeOffset now) => Next(seen.Get<Build>(key), seen.Get<BuildRun>(key));

    /// <summary>What is to be done for a build and what is seen of it, either absent.</summary>
    public static Plan? Next(Build? build, BuildRun? run) => (build, run) switch
    {
        (null, null) => null,
        (null, { State: BuildState.Running or BuildState.Pending }) => new Plan().Do(new CancelBuild(run.Name)),
        (null, _) => new Plan().Delete(run),
        (_, _) when run is not null && run.Attempt == build.Attempt => Report(build, run),
        (_, _) when build.Status.Attempt == build.Attempt && build.Status.State is BuildState.Succeeded or BuildState.Failed => new Plan(),
        _ => new Plan().Do(new RunBuild(build.Name, build)),
    };

    static Plan Report(Build build, BuildRun run)
    {
        var status = new BuildStatus
        {
            State = run.State,
            Attempt = run.Attempt,
            StartedAt = run.StartedAt,
            FinishedAt = run.FinishedAt,
            ExitCode = run.ExitCode,
            Tail = run.Tail,
        };
        return Codec.Same(build.Status, status) ? new Plan() : new Plan().Put(build with { Status = status });
    }
}
