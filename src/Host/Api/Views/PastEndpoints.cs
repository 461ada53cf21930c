using Mainstay.Core.Kinds;
using Mainstay.Host.Api.Observe;
using Mainstay.Observe.Correlate;
using Mainstay.Observe.Query;
using Mainstay.Observe.Store.Metrics;

namespace Mainstay.Host.Api.Views;

/// <summary>The map, now or as it was, and the changes that stand beside any axis of time.</summary>
public sealed class PastEndpoints(ViewEndpoints views, Correlator correlator, IMetricStore samples, TimeProvider time)
{
    public IEnumerable<ApiRoute> Routes() =>
    [
        new("GET", "/api/v1/map", "The live map; with watch=true an event `map` each second in which something changed; with at the map as it was.", MapAsync)
        {
            Query = [("watch", "true: server-sent events."), ("at", "The map of a past moment: a duration back from now such as 10m, or milliseconds since the epoch.")],
            Answer = typeof(MapView),
        },
        new("GET", "/api/v1/changes", "Versions, settings, scalings and interventions, the newest 500, oldest first; a restart of the server keeps them.", ChangesAsync)
        {
            Query = [("since", "Not older than that: a duration back from now such as 1h, or milliseconds since the epoch. Default: all."), ("service", "Of this service alone.")],
            Answer = typeof(ChangeList),
        },
    ];

    Task<Answer?> MapAsync(Call call)
    {
        if (call.Query("at") is not { } text)
        {
            return views.ServeMapAsync(call);
        }

        var watch = call.Flag("watch");
        if (call.Wrong() is { } wrong)
        {
            return Task.FromResult<Answer?>(wrong);
        }

        if (watch)
        {
            return Task.FromResult<Answer?>(ProblemAnswer.BadRequest("what was does not change: at and watch do not go together", "leave one of them out", []));
        }

        return Task.FromResult<Answer?>(
            Moment(text) is not { } at ? NoTime("at", text)
            : MapHistory.At(samples, at) is { } map ? Answer.Json(map)
            : ProblemAnswer.NotFound($"nothing is known of the map at {at:u}", "ask for a moment at which the server ran, at most as long ago as series are kept"));
    }

    Task<Answer?> ChangesAsync(Call call)
    {
        var (since, service) = (call.Query("since"), call.Query("service"));
        if (call.Wrong() is { } wrong)
        {
            return Task.FromResult<Answer?>(wrong);
        }

        var from = DateTimeOffset.MinValue;
        if (since is not null)
        {
            if (Moment(since) is not { } given)
            {
                return Task.FromResult<Answer?>(NoTime("since", since));
            }

            from = given;
        }

        return Task.FromResult<Answer?>(Answer.Json(new ChangeList([.. correlator.Changes().Where(c => c.At >= from && (service is null || c.Service == service))])));
    }

    DateTimeOffset? Moment(string text) =>
        long.TryParse(text, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var ms) && ms < 253_402_300_799_000 ? DateTimeOffset.FromUnixTimeMilliseconds(ms)
        : Durations.TryParse(text, out var back) && back < TimeSpan.FromDays(3650) ? time.GetUtcNow() - back : null;

    static ProblemAnswer NoTime(string name, string text)
    {
        const string remedy = "write a duration back from now such as 10m, or milliseconds since the epoch";
        return ProblemAnswer.BadRequest($"'{text}' is no time", remedy, new ProblemPlace(name, $"'{text}' is no time", remedy));
    }
}

/// <summary>Changes, oldest first.</summary>
public sealed record ChangeList(IReadOnlyList<SeenChange> Items);
