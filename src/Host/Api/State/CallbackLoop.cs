using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Core.Requests;
using Mainstay.Core.Store;
using Mainstay.Host.Api.Agents;
using Mainstay.Observe.Store.Metrics;
using Mainstay.State.Decide;
using Mainstay.State.Drivers;
using Mainstay.State.Secrets;
using Mainstay.Traffic.Decide;

namespace Mainstay.Host.Api.State;

/// <summary>
/// Tells places how accepted requests ended, some at a time, as long as routes are declared that want it. What is to be told lies with the requests; a call that this server
/// does not live to settle is due again <see cref="Hold"/> after it was taken.
/// </summary>
public sealed class CallbackLoop(ServerServices services, Mirror mirror, SecretKeeper secrets, Func<IRequestLedger?> open)
{
    /// <summary>How long a call belongs to the server that took it: longer than the longest timeout.</summary>
    public static readonly TimeSpan Hold = TimeSpan.FromSeconds(90);

    const int Most = 32;

    static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(500);

    readonly EventNames names = new("callbacks");
    readonly Dictionary<(string Route, string Outcome), long> counts = [];
    int running;

    /// <summary>Tells until stopped.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        CallbackSender? sender = null;
        using var timer = new PeriodicTimer(Tick, services.Time);
        var calls = new HashSet<Task>();
        try
        {
            while (await timer.WaitForNextTickAsync(stop))
            {
                calls.RemoveWhere(c => c.IsCompleted);
                if (!mirror.Read(seen => seen.All<Route>().Any(r => r.Spec.Async?.Callback is not null)))
                {
                    continue;
                }

                // Made with the first route that wants it: nobody else pays for it.
                sender ??= new CallbackSender(services.Time);
                foreach (var call in await TakeAsync())
                {
                    Interlocked.Increment(ref running);
                    calls.Add(TellAsync(sender, call, stop));
                }
            }
        }
        finally
        {
            await Task.WhenAll(calls);
            sender?.Dispose();
        }
    }

    /// <summary>What was told, as samples.</summary>
    public IEnumerable<MetricSample> Samples(long at)
    {
        lock (counts)
        {
            return [.. counts.Select(c => new MetricSample(new("mainstay.requests.callbacks", "{call}", MetricKind.Counter, ("route", c.Key.Route), ("outcome", c.Key.Outcome)), c.Value, at))];
        }
    }

    async Task<IReadOnlyList<TakenCallback>> TakeAsync()
    {
        var room = Most - Volatile.Read(ref running);
        try
        {
            return room > 0 && open() is { } ledger ? await ledger.TakeCallbacksAsync(room, Hold) : [];
        }
        catch (StoreUnavailableException unavailable)
        {
            services.OnFault?.Invoke("callbacks", unavailable);
            return [];
        }
    }

    async Task TellAsync(CallbackSender sender, TakenCallback call, CancellationToken stop)
    {
        try
        {
            var end = await MakeAsync(sender, call, stop);
            if (open() is not { } ledger || !await ledger.EndCallbackAsync(end))
            {
                return;
            }

            lock (counts)
            {
                var key = (call.Request.Route, end.State switch { CallbackState.Told => "told", CallbackState.GivenUp => "givenUp", _ => "again" });
                counts[key] = counts.GetValueOrDefault(key) + 1;
            }

            if (end.State == CallbackState.GivenUp)
            {
                await SayAsync(call, end, stop);
            }
        }
        catch (Exception fault) when (fault is StoreUnavailableException or OperationCanceledException)
        {
            // It is due again after the hold.
            if (fault is StoreUnavailableException)
            {
                services.OnFault?.Invoke("callbacks", fault);
            }
        }
        finally
        {
            Interlocked.Decrement(ref running);
        }
    }

    async Task<CallbackEnd> MakeAsync(CallbackSender sender, TakenCallback call, CancellationToken stop)
    {
        var route = call.Request.Route;
        if (mirror.Read(seen => seen.Get<Route>(route))?.Spec.Async?.Callback is not { } terms)
        {
            return CallbackDecide.Wait(call, CallbackDecide.UntilHelped, $"the route '{route}' is not declared with a callback any more");
        }

        return await secrets.RevealAsync(terms.Secret, stop) is { } secret
            ? await sender.SendAsync(call, terms, secret, StatusRoutes.PathOf(route) + call.Request.Id + "/answer", stop)
            : CallbackDecide.Wait(call, CallbackDecide.UntilHelped, $"there is no secret '{terms.Secret}', or no key opens it");
    }

    async Task SayAsync(TakenCallback call, CallbackEnd end, CancellationToken stop)
    {
        var told = names.Make(
            services.Time.GetUtcNow(), $"route/{call.Request.Route}", "CallbackFailed", $"nobody could be told how the request {call.Request.Id} ended: {end.Why}; 'mainstay request tell {call.Request.Id}' tries again", Severity.Warning);
        await services.Store.CommitAsync(new([], [new(services.Kinds.Of(told.GetType()).KeyOf(told.Name), Codec.Encode(told))]), stop);
    }
}
