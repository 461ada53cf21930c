using Mainstay.Observe.Correlate;

namespace Mainstay.Host.Api.Observe;

/// <summary>Why something is not well, and who is hurt by what.</summary>
public sealed class CauseEndpoints(Correlator correlator)
{
    public IEnumerable<ApiRoute> Routes() =>
    [
        new("GET", "/api/v1/why", "Why a service, route, database, cache or queue is slow or fails: the likeliest causes with their evidence. Without a symptom there are none.", c => AnswerAsync(c, correlator.Why, "service, route, database, cache or queue"))
        {
            Query = [("of", "A service's, route's, database's, cache's or queue's name; with its kind (`route/NAME`, `service/NAME`, `database/NAME`) where it has to be told apart.")],
            Answer = typeof(Diagnosis),
        },
        new("GET", "/api/v1/impact", "Which public APIs go through a host, instance, service, database, statement or queue, and how they fare.", c => AnswerAsync(c, correlator.ImpactOf, "host, instance, service, database, queue or statement"))
        {
            Query = [("of", "A name, `host/NAME`, `instance/NAME`, `service/NAME`, `queue/NAME`, or a part of a statement.")],
            Answer = typeof(Impact),
        },
        new("GET", "/api/v1/reliability", "How routes serve beside their objectives: nines, budgets and how fast they are spent, times to repair and between failures.", c => Task.FromResult<Answer?>((Answer?)c.Wrong() ?? Answer.Json(correlator.Objectives.View())))
        {
            Answer = typeof(ObjectivesView),
        },
        new("GET", "/api/v1/alerts", "How the users' own rules stand: inactive, pending or firing, since when, with what value.", c => Task.FromResult<Answer?>((Answer?)c.Wrong() ?? Answer.Json(correlator.Rules.View())))
        {
            Answer = typeof(RulesView),
        },
    ];

    static Task<Answer?> AnswerAsync<T>(Call call, Func<string, T?> ask, string what)
        where T : class
    {
        var of = call.Query("of");
        if (call.Wrong() is { } wrong)
        {
            return Task.FromResult<Answer?>(wrong);
        }

        return Task.FromResult<Answer?>(
            of is null or { Length: > 2000 } ? ProblemAnswer.BadRequest("'of' is missing or longer than 2000 characters", $"name a {what}", [])
            : ask(of) is { } answer ? Answer.Json(answer)
            : ProblemAnswer.NotFound($"there is no {what} '{of}'", "see 'mainstay map'; what was just called is known after a few seconds"));
    }
}
