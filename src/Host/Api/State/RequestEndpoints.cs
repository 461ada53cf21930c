using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Deliver;
using Mainstay.Core.Requests;
using Mainstay.Core.Store;
using Mainstay.Host.Api.Agents;
using Mainstay.Host.Roles;
using Mainstay.Host.Security;
using Mainstay.Observe.Store.Metrics;
using Mainstay.State.Secrets;

namespace Mainstay.Host.Api.State;

/// <summary>
/// What gateways remember of requests that are done once or later, for people: how they stand, and what is done with those that need somebody. It is read where the gateways write it;
/// the ledger is opened when there is one.
/// </summary>
public sealed class RequestEndpoints
{
    const int MostListed = 1_000;

    static readonly TimeSpan Every = TimeSpan.FromSeconds(10);

    readonly ServerServices services;
    readonly CallbackLoop callbacks;
    readonly RequestPulls pulls;
    readonly EventNames names = new("requests");
    readonly Lock gate = new();
    IRequestLedger? ledger;

    public RequestEndpoints(ServerServices services, Mirror mirror, SecretKeeper secrets) => (this.services, callbacks, pulls) = (services, new(services, mirror, secrets, Open), new(services, mirror, Open));

    public IEnumerable<ApiRoute> Routes() =>
    [
        new("GET", "/api/v1/state/requests", "Requests that gateways remember, the newest first, and how many there are.", ListAsync)
        {
            Query = [("route", "Only of this route."), ("state", "waiting, running, answered, failed, unknown or cancelled. Default: all."), ("limit", $"Default 100; 1 to {MostListed}.")],
            Answer = typeof(RequestList),
        },
        new("GET", "/api/v1/state/requests/{id}", "A request that gateways remember.", ShowAsync) { Answer = typeof(RequestView) },
        new("POST", "/api/v1/state/requests/{id}/cancel", "Takes an accepted request back while it waits.", call => ChangeAsync(call, RequestWish.Cancel)) { Answer = typeof(RequestView) },
        new("POST", "/api/v1/state/requests/{id}/retry", "Has an accepted request done (again) that is unknown, failed or cancelled.", call => ChangeAsync(call, RequestWish.Retry)) { Answer = typeof(RequestView) },
        new("POST", "/api/v1/state/requests/{id}/forget", "Forgets a request, so that its key may be used again; not while it waits or is under way.", call => ChangeAsync(call, RequestWish.Forget)) { Answer = typeof(RequestView) },
        new("POST", "/api/v1/state/requests/{id}/tell", "Has the end of an accepted request told again where its callback goes.", call => ChangeAsync(call, RequestWish.Tell)) { Answer = typeof(RequestView) },
        .. pulls.Routes(),
    ];

    /// <summary>Tells how requests ended where somebody wants to know, and writes samples of how many stand how, until stopped; nothing while gateways remember none.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        var telling = callbacks.RunAsync(stop);
        using var timer = new PeriodicTimer(Every, services.Time);
        try
        {
            while (await timer.WaitForNextTickAsync(stop))
            {
                await SampleAsync(stop);
            }
        }
        finally
        {
            await telling.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            if (ledger is not null)
            {
                await ledger.DisposeAsync();
            }
        }
    }

    async Task SampleAsync(CancellationToken stop)
    {
        try
        {
            if (Open() is not { } open)
            {
                return;
            }

            var at = services.Time.GetUtcNow().ToUnixTimeMilliseconds();
            var samples = (await open.FiguresAsync(stop)).Select(f => new MetricSample(
                new("mainstay.requests", "{request}", MetricKind.Gauge, ("route", f.Route), ("state", Word(f.State)), ("kind", f.Accepted ? "accepted" : "keyed")), f.Count, at)).ToArray();
            services.Samples.Add([.. samples, .. callbacks.Samples(at)]);
        }
        catch (StoreUnavailableException unavailable)
        {
            services.OnFault?.Invoke("requests", unavailable);
        }
    }

    async Task<Answer?> ListAsync(Call call)
    {
        var (route, state, limit) = (call.Query("route"), call.Query("state"), call.Number("limit", 100, 1, MostListed));
        if (call.Wrong() is { } wrong)
        {
            return wrong;
        }

        RequestState? only = null;
        if (state is not null)
        {
            if (!Enum.TryParse<RequestState>(state, ignoreCase: true, out var read) || Word(read) != state)
            {
                return ProblemAnswer.BadRequest($"'{state}' is no state of a request", $"use one of {string.Join(", ", Enum.GetValues<RequestState>().Select(Word))}");
            }

            only = read;
        }

        return await WithAsync(async open => Answer.Json(new RequestList(
            [.. (await open.ListAsync(new(route, only, limit), call.Stop)).Select(ViewOf)],
            [.. (await open.FiguresAsync(call.Stop)).Select(f => new RequestCount(f.Route, Word(f.State), f.Accepted, f.Count, f.Oldest))])), () => Answer.Json(new RequestList([], [])));
    }

    Task<Answer?> ShowAsync(Call call) => call.Wrong() is { } wrong
        ? Task.FromResult<Answer?>(wrong)
        : WithAsync(async open => await open.FindAsync(call.Path("id"), call.Stop) is { } found ? Answer.Json(ViewOf(found)) : Missing(), Missing);

    Task<Answer?> ChangeAsync(Call call, RequestWish wish) => call.Wrong() is { } wrong
        ? Task.FromResult<Answer?>(wrong)
        : WithAsync(
            async open =>
            {
                var id = call.Path("id");
                var before = await open.FindAsync(id, call.Stop);
                var changed = await open.ChangeAsync(id, wish, call.Stop);
                switch (changed.Verdict)
                {
                    case ChangeVerdict.Done:
                        await TellAsync(call, id, wish, before);
                        return Answer.Json(ViewOf(changed.Request ?? before!));
                    case ChangeVerdict.NotThere:
                        return Missing();
                    case ChangeVerdict.NotNow:
                        return ProblemAnswer.Conflict($"the request is {Word(changed.Request!.State)}{(changed.Request.IsAccepted ? "" : " and was not accepted for later")}", Remedy(wish));
                    default:
                        return ProblemAnswer.Unavailable(changed.Why ?? "the requests cannot be written", "try again");
                }
            },
            Missing);

    async Task TellAsync(Call call, string id, RequestWish wish, ShownRequest? before)
    {
        var identity = Identity.Of(call.Request);
        var now = services.Time.GetUtcNow();
        var verb = Word(wish);
        var told = names.Make(now, $"route/{before?.Route}", "RequestChanged", $"{identity.Who}: {verb} of the request {id}, which was {(before is null ? "there" : Word(before.State))}");
        var audit = new AuditEntry { Name = told.Name, At = now, Who = identity.Who, From = identity.From, Verb = verb, About = $"request/{id}", Before = before is null ? null : $"{{\"state\":\"{Word(before.State)}\"}}" };
        await services.Store.CommitAsync(new([], [new(services.Kinds.Of<AuditEntry>().KeyOf(audit.Name), Codec.Encode(audit)), new(services.Kinds.Of(told.GetType()).KeyOf(told.Name), Codec.Encode(told))]), call.Stop);
    }

    async Task<Answer?> WithAsync(Func<IRequestLedger, Task<Answer>> act, Func<Answer> none)
    {
        try
        {
            return Open() is { } open ? await act(open) : none();
        }
        catch (StoreUnavailableException unavailable)
        {
            return ProblemAnswer.Unavailable(unavailable.Message, "follow the message, then try again");
        }
    }

    // Who asks makes no file: where no gateway remembers anything there is none.
    IRequestLedger? Open()
    {
        lock (gate)
        {
            if (ledger is not null || services.Data is not { } data)
            {
                return ledger;
            }

            return ledger = RequestPlaces.OpenExisting(new DataLayout(data), services.Time);
        }
    }

    static string Remedy(RequestWish wish) => wish switch
    {
        RequestWish.Cancel => "only what waits can be taken back",
        RequestWish.Tell => "only the end of what was accepted with a callback can be told; see 'mainstay request show'",
        RequestWish.Retry => "only what was accepted for later and is unknown, failed or cancelled can be done again",
        _ => "wait until it has ended, or cancel it first",
    };

    static ProblemAnswer Missing() => ProblemAnswer.NotFound("there is no such request", "see 'mainstay request list'; what has ended is forgotten in its time");

    static RequestView ViewOf(ShownRequest request) => new(request.Id, request.Route, Word(request.State), request.IsAccepted, request.Attempts, request.At)
    {
        Key = request.Key, Owner = request.Owner[..8], Due = request.Due, Ends = request.Ends, Status = request.Status == 0 ? null : request.Status, Why = request.Why,
        Callback = request.Callback is { } call ? new(call.Url, call.State == CallbackState.GivenUp ? "givenUp" : Word(call.State), call.Tries) { Status = call.Status == 0 ? null : call.Status, Due = call.Due, Why = call.Why } : null,
    };

    static string Word<T>(T value)
        where T : struct, Enum => value.ToString().ToLowerInvariant();
}

/// <summary>Requests that are remembered.</summary>
/// <param name="Items">The newest first.</param>
/// <param name="Counts">How many there are of each route and state.</param>
public sealed record RequestList(IReadOnlyList<RequestView> Items, IReadOnlyList<RequestCount> Counts);

/// <summary>How many requests of a route stand in a way.</summary>
/// <param name="Route">The route.</param>
/// <param name="State">How they stand.</param>
/// <param name="Accepted">They were accepted for later; else they have a key.</param>
/// <param name="Count">So many.</param>
/// <param name="Oldest">When the oldest of them came.</param>
public sealed record RequestCount(string Route, string State, bool Accepted, long Count, DateTimeOffset Oldest);

/// <summary>A request that is remembered. Neither what was sent nor what was answered is shown.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Route">The route that it came by.</param>
/// <param name="State"><c>waiting</c>, <c>running</c>, <c>answered</c>, <c>failed</c>, <c>unknown</c> or <c>cancelled</c>.</param>
/// <param name="Accepted">It was accepted for later; else it has a key and is done once.</param>
/// <param name="Attempts">How often it was begun.</param>
/// <param name="At">When it came.</param>
public sealed record RequestView(string Id, string Route, string State, bool Accepted, int Attempts, DateTimeOffset At)
{
    /// <summary>Its key.</summary>
    public string? Key { get; init; }

    /// <summary>The beginning of a hash of whom the key belongs to.</summary>
    public string? Owner { get; init; }

    /// <summary>When it is to be begun (again).</summary>
    public DateTimeOffset? Due { get; init; }

    /// <summary>When it is forgotten.</summary>
    public DateTimeOffset? Ends { get; init; }

    /// <summary>The status that was answered.</summary>
    public int? Status { get; init; }

    /// <summary>What happened last.</summary>
    public string? Why { get; init; }

    /// <summary>The call that tells its end; null where nobody is told.</summary>
    public CallbackView? Callback { get; init; }
}

/// <summary>The call that tells how a request ended.</summary>
/// <param name="Url">Where.</param>
/// <param name="State"><c>waiting</c>, <c>told</c> or <c>givenUp</c>.</param>
/// <param name="Tries">How often it was made.</param>
public sealed record CallbackView(string Url, string State, int Tries)
{
    /// <summary>The status that was answered last.</summary>
    public int? Status { get; init; }

    /// <summary>When it is made (again).</summary>
    public DateTimeOffset? Due { get; init; }

    /// <summary>What happened last.</summary>
    public string? Why { get; init; }
}
