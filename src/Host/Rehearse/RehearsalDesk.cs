using Mainstay.Host.Api;
using Mainstay.Host.Api.Observe;

namespace Mainstay.Host.Rehearse;

/// <summary>Rehearses for whoever asks: one rehearsal at a time, each bounded in time. Costs nothing while nobody asks.</summary>
public sealed class RehearsalDesk(ServerServices services, Correlator correlator, int adminPort)
{
    /// <summary>How long one may take.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    readonly Turns turns = new();

    public IEnumerable<ApiRoute> Routes() =>
    [
        new("POST", "/api/v1/simulate", "What would happen: rehearses in virtual time, over a copy of the current state. Nothing is changed.", RunAsync) { Body = typeof(RehearsalAsk), Answer = typeof(RehearsalReport), BodyBytes = 128 << 10 },
    ];

    async Task<Answer?> RunAsync(Call call)
    {
        if (call.Wrong() is { } wrong)
        {
            return wrong;
        }

        var (ask, malformed) = await Body.ReadAsync<RehearsalAsk>(call);
        if (ask is null)
        {
            return malformed;
        }

        using var patience = new CancellationTokenSource(Patience, services.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(call.Stop, patience.Token);
        try
        {
            await turns.One.WaitAsync(either.Token);
            try
            {
                return await Task.Run(() => RehearseAsync(ask, either.Token), CancellationToken.None);
            }
            finally
            {
                turns.One.Release();
            }
        }
        catch (OperationCanceledException) when (patience.IsCancellationRequested && !call.Stop.IsCancellationRequested)
        {
            return ProblemAnswer.Unavailable("the rehearsal, with those that were asked for before it, took longer than a minute", "rehearse a shorter time with --for");
        }
    }

    async Task<Answer> RehearseAsync(RehearsalAsk ask, CancellationToken stop)
    {
        var (resources, seen) = await RehearsalState.CopyAsync(services.Store, stop);
        var (terms, problems) = RehearsalRules.Read(ask, seen);
        if (terms is not null)
        {
            var now = services.Time.GetUtcNow();
            var state = new RehearsalState
            {
                Resources = resources, Figures = RehearsalFigures.Read(services, correlator, seen, now), Past = correlator.Past(), Now = now, AdminPort = adminPort, Data = services.Data,
            };
            (var report, problems) = await Rehearsal.RunAsync(state, terms, services.Time, stop);
            if (report is not null)
            {
                return Answer.Json(report);
            }
        }

        return ProblemAnswer.Invalid([.. problems.Select(ProblemPlace.Of)]);
    }

    sealed class Turns
    {
        public SemaphoreSlim One { get; } = new(1);
    }
}
