using Mainstay.Core.Kinds.Schedule;

namespace Mainstay.Host.Api.Observe;

/// <summary>How the release of a service stands.</summary>
/// <param name="Service">Whose.</param>
/// <param name="Message">What the service is at.</param>
/// <param name="Release">The release that is under way, or the last one; null before the first.</param>
/// <param name="Comparison">How the new version stands against the old one, in a sentence; null where nothing is compared.</param>
/// <param name="Report">The same with all figures.</param>
/// <param name="History">The releases that have ended, the newest first.</param>
public sealed record RolloutView(string Service, string Message, ReleaseStatus? Release, string? Comparison, ReleaseReport? Report, IReadOnlyList<ReleaseRecord> History);

/// <summary>Tells how a release stands, with what is known of the new version against the old one, and how those before went.</summary>
public sealed class RolloutEndpoint(Mirror mirror, ReleaseJudge judge)
{
    public IEnumerable<ApiRoute> Routes() =>
    [
        new("GET", "/api/v1/services/{name}/rollout", "How the release of a service stands, how its new version compares, and the releases before.", call => Task.FromResult<Answer?>(call.Wrong() ?? View(call.Path("name"))))
        {
            Answer = typeof(RolloutView),
        },
    ];

    Answer View(string name)
    {
        var (service, history) = mirror.Read(seen => (seen.Get<Service>(name), seen.Group<ReleaseRecord>(name)));
        if (service is null)
        {
            return ProblemAnswer.NotFound($"there is no service '{name}'", "see 'mainstay get services'");
        }

        var report = judge.Report(name);
        return Answer.Json(new RolloutView(name, service.Status.Message, service.Status.Release, report?.Message, report, [.. history.OrderByDescending(r => r.Number)]));
    }
}
