using Mainstay.Core.Kinds.Traffic;
using Mainstay.Traffic.Path;

namespace Mainstay.Host.Api.Traffic;

/// <summary>How traffic stands: every way into and through the architecture, with its figures of the last ten seconds and its policies.</summary>
/// <param name="At">When it was made.</param>
/// <param name="Revision">The store's revision that it reflects.</param>
/// <param name="Ways">Routes first, then needs, each by name.</param>
/// <param name="Interventions">What is done to it, by the time of its end.</param>
/// <param name="Notices">What happened lately, the newest first; at most 100.</param>
public sealed record TrafficView(
    DateTimeOffset At, long Revision, IReadOnlyList<TrafficWay> Ways, IReadOnlyList<Intervention> Interventions, IReadOnlyList<TrafficNotice> Notices)
{
    /// <summary>How the front door's own policies stand, at each gateway: whom it bans.</summary>
    public IReadOnlyList<TrafficPolicy> Door { get; init; } = [];
}

/// <summary>A route or a need.</summary>
/// <param name="About">As interventions name it: <c>route/orders-api</c> or <c>need/web.orders</c>.</param>
/// <param name="Match">What a route takes, in words; empty for needs.</param>
/// <param name="To">The service, or what answers instead.</param>
/// <param name="RequestsPerSecond">Over the last ten seconds.</param>
/// <param name="ErrorRatio">0 to 1.</param>
/// <param name="P50Ms">Half of the requests were at most this slow.</param>
/// <param name="P99Ms">99 of 100 requests were at most this slow.</param>
/// <param name="Latency">Requests by their latency: how many took at most each of <see cref="TrafficBuilder.BoundsMs"/>, and at the end those that took longer.</param>
/// <param name="Policies">How its policies stand, at each gateway.</param>
public sealed record TrafficWay(
    string About,
    string Match,
    string To,
    double RequestsPerSecond,
    double ErrorRatio,
    double P50Ms,
    double P99Ms,
    IReadOnlyList<long> Latency,
    IReadOnlyList<TrafficPolicy> Policies);

/// <summary>A policy as one gateway has it; see <see cref="PolicyReport"/>.</summary>
public sealed record TrafficPolicy(
    string Gateway, string Policy, string Kind, string State, string Why, IReadOnlyDictionary<string, double> Numbers);

/// <summary>Something that a gateway did; see <see cref="Notice"/>.</summary>
public sealed record TrafficNotice(DateTimeOffset At, string Gateway, string About, string Reason, string Message, bool IsWarning);
