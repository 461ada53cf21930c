using Mainstay.Core.Kinds.Schedule;

namespace Mainstay.Host.Api.Observe;

/// <summary>How the release of a service stands.</summary>
/// <param name="Service">Whose.</param>
/// <param name="Message">What the service is at.</param>
/// <param name="Release">The release that is under way, or the last one; null before the first.</param>
/// <param name="Comparison">How the new version stands against the old one; null where nothing is compared.</param>
public sealed record RolloutView(string Service, string Message, ReleaseStatus? Release, string? Comparison);

/// <summary>Tells how a release stands, with what is known of the new version against the old one.</summary>
public sealed class RolloutEndpoint(Mirror mirror, ReleaseJudge judge)
{
    public IEnumerable<ApiRoute> Routes() =>
    [
        new("GET", "/api/v1/services/{name}/rollout", "How the release of a service stands, and how its new version compares.", call => Task.FromResult<Answer?>(call.Wrong() ?? View(call.Path("name"))))
        {
            Answer = typeof(RolloutView),
        },
    ];

    Answer View(string name) => mirror.Read(seen => seen.Get<Service>(name)) is { } service
        ? Answer.Json(new RolloutView(name, service.Status.Message, service.Status.Release, judge.Describe(name)))
        : ProblemAnswer.NotFound($"there is no service '{name}'", "see 'mainstay get services'");
}
