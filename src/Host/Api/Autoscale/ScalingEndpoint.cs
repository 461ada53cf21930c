using Mainstay.Core.Kinds.Schedule;

namespace Mainstay.Host.Api.Autoscale;

/// <summary>How the scaling of a service stands.</summary>
/// <param name="Service">Whose.</param>
/// <param name="Automatic">Whether it scales by itself: it declares <c>scale</c>, and nobody set a number by hand.</param>
/// <param name="Min">The least number of instances.</param>
/// <param name="Max">The highest.</param>
/// <param name="Wanted">How many are asked for.</param>
/// <param name="Ready">How many are ready.</param>
/// <param name="Reason">What it is at.</param>
/// <param name="Message">The same for people.</param>
/// <param name="Figures">What is measured now, and what it asks for.</param>
/// <param name="Decisions">The last decisions, the newest first.</param>
public sealed record ScalingReport(
    string Service, bool Automatic, int Min, int Max, int Wanted, int Ready, string Reason, string Message, IReadOnlyList<ScalingFigure> Figures, IReadOnlyList<ScalingDecision> Decisions);

/// <summary>Tells how a service scales and why.</summary>
public sealed class ScalingEndpoint(Mirror mirror, Autoscaler scaler)
{
    public IEnumerable<ApiRoute> Routes() =>
    [
        new("GET", "/api/v1/services/{name}/scaling", "How a service scales: what is measured, what it asks for, and the last decisions with their figures.", call => Task.FromResult<Answer?>(call.Wrong() ?? Report(call.Path("name"))))
        {
            Answer = typeof(ScalingReport),
        },
    ];

    Answer Report(string name)
    {
        var (service, known) = mirror.Read(seen => (seen.Get<Service>(name), seen.Get<Scaling>(name)));
        if (service is null)
        {
            return ProblemAnswer.NotFound($"there is no service '{name}'", "see 'mainstay get services'");
        }

        var automatic = service is { Scale: null, Spec.Scale: not null };
        var now = scaler.Last(name);
        return Answer.Json(new ScalingReport(
            name, automatic, service.Spec.Instances.Min, service.Spec.Instances.Max, service.Wanted(), service.Status.Ready,
            automatic ? known?.Reason ?? ScalingReasons.Steady : service.Scale is null ? ScalingReasons.Declared : ScalingReasons.ByHand,
            automatic ? known?.Message ?? "" : service.Spec.Scale is null ? $"it declares no 'scale', so it does not scale by itself: 'mainstay scale {name} N' sets the number" : now?.Message ?? "",
            now?.Figures ?? [], known?.Decisions ?? []));
    }
}
