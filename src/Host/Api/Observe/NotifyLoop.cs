using System.Collections.Concurrent;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Observe;
using Mainstay.Core.Store;
using Mainstay.Observe.Notify;

namespace Mainstay.Host.Api.Observe;

/// <summary>
/// Tells receivers of incidents: that one goes on, and that it is over. What was told is kept with the incident, so that a restart tells nothing twice. What cannot be
/// told is tried again after 5 s, then twice as long each time, up to 5 minutes; a day after its end it is let go. A receiver that is slow keeps none of the others waiting.
/// </summary>
public sealed class NotifyLoop(ServerServices services, Mirror mirror, string dashboard)
{
    static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);
    static readonly TimeSpan First = TimeSpan.FromSeconds(5);
    static readonly TimeSpan Longest = TimeSpan.FromMinutes(5);
    static readonly TimeSpan LetGo = TimeSpan.FromDays(1);

    readonly Teller teller = new(dashboard, services.Time);
    readonly ConcurrentDictionary<string, Desk> desks = new(StringComparer.Ordinal);
    long delivered;
    long failed;

    /// <summary>Tells until stopped.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(Tick, services.Time);
        try
        {
            while (await timer.WaitForNextTickAsync(stop))
            {
                Look(stop);
            }
        }
        finally
        {
            await Task.WhenAll(desks.Values.Select(d => d.Telling));
        }
    }

    /// <summary>Adds its metrics.</summary>
    public void Write(MetricsText text)
    {
        text.Counter("mainstay_notifications_total", "What receivers were told of incidents, by what became of it.", Volatile.Read(ref delivered), ("outcome", "delivered"));
        text.Counter("mainstay_notifications_total", "What receivers were told of incidents, by what became of it.", Volatile.Read(ref failed), ("outcome", "failed"));
    }

    /// <summary>How each receiver stands, in the order of their names.</summary>
    public IReadOnlyList<ReceiverView> Standing() =>
        [.. mirror.Read(seen => seen.All<Receiver>().ToList()).OrderBy(r => r.Name, StringComparer.Ordinal).Select(r => ReceiverView.Of(r, desks.GetValueOrDefault(r.Name)?.Last))];

    /// <summary>Tells a receiver that this is a test: a webhook that it begins and that it is over, so that nothing stays open there.</summary>
    /// <returns>Why it was not taken; null where it was.</returns>
    public async Task<string?> TestAsync(Receiver receiver, string who, CancellationToken stop)
    {
        var now = services.Time.GetUtcNow();
        var test = new Incident
        {
            Name = "test", State = IncidentState.Open, Title = $"this is a test of the receiver {receiver.Name}, asked for by {who}; nothing is wrong", Criticality = Criticality.Low, Began = now, Opened = now,
        };
        var why = await teller.TellAsync(test, receiver, stop);
        if (why is null && receiver.Spec.Webhook is not null)
        {
            why = await teller.TellAsync(test with { State = IncidentState.Resolved, Ended = now }, receiver, stop);
        }

        Count(why);
        DeskOf(receiver).Last = new(now, "a test", why);
        return why;
    }

    /// <summary>Whether a receiver wants to be told of an incident that goes on.</summary>
    public static bool IsFor(Incident incident, Receiver receiver) => incident.Criticality >= receiver.Spec.Least;

    void Look(CancellationToken stop)
    {
        var now = services.Time.GetUtcNow();
        var (incidents, receivers) = mirror.Read(seen => (seen.All<Incident>().ToList(), seen.All<Receiver>().ToList()));
        foreach (var receiver in receivers)
        {
            var desk = DeskOf(receiver);
            if (!desk.Telling.IsCompleted)
            {
                continue;
            }

            desk.Forget(incidents);
            Incident[] due = [.. incidents.Where(i => IsDue(i, receiver, desk, now)).OrderBy(i => i.Opened)];
            desk.Telling = due.Length == 0 ? Task.CompletedTask : Task.Run(() => TellAsync(due, receiver, desk, now, stop), CancellationToken.None);
        }
    }

    Desk DeskOf(Receiver receiver) => desks.GetOrAdd(receiver.Name, static _ => new());

    // Whom nobody told that it began, nobody tells that it is over.
    static bool IsDue(Incident incident, Receiver receiver, Desk desk, DateTimeOffset now)
    {
        var wanted = IncidentMessage.StateOf(incident);
        var told = desk.Said.GetValueOrDefault(incident.Name) ?? incident.Told.GetValueOrDefault(receiver.Name);
        return (incident.SilentUntil ?? now) <= now && (incident.Ended is null || now - incident.Ended < LetGo)
            && wanted != told && (wanted == "firing" || told == "firing") && IsFor(incident, receiver)
            && (!desk.Later.TryGetValue(incident.Name, out var wait) || wait.At <= now);
    }

    async Task TellAsync(Incident[] due, Receiver receiver, Desk desk, DateTimeOffset now, CancellationToken stop)
    {
        try
        {
            foreach (var incident in due)
            {
                await TellAsync(incident, receiver, desk, now, stop);
            }
        }
        catch (StoreUnavailableException fault)
        {
            services.OnFault?.Invoke("notify", fault);
        }
        catch (Exception fault) when (fault is OperationCanceledException or HttpRequestException && stop.IsCancellationRequested)
        {
        }
    }

    async Task TellAsync(Incident incident, Receiver receiver, Desk desk, DateTimeOffset now, CancellationToken stop)
    {
        var why = await teller.TellAsync(incident, receiver, stop);
        Count(why);
        desk.Last = new(now, incident.Name, why);
        if (why is not null)
        {
            var wait = desk.Later.TryGetValue(incident.Name, out var before) ? TimeSpan.FromTicks(Math.Min(Longest.Ticks, 2 * before.Wait.Ticks)) : First;
            desk.Later[incident.Name] = (now + wait, wait);
            services.OnFault?.Invoke($"notify {receiver.Name}", new InvalidOperationException(why));
            return;
        }

        desk.Later.Remove(incident.Name);
        desk.Said[incident.Name] = IncidentMessage.StateOf(incident);
        await RememberAsync(incident.Name, receiver.Name, IncidentMessage.StateOf(incident), stop);
    }

    void Count(string? why) => Interlocked.Increment(ref why is null ? ref delivered : ref failed);

    // The incident may change meanwhile; what was told is added to whatever it is by then.
    async Task RememberAsync(string name, string receiver, string state, CancellationToken stop)
    {
        var kind = services.Kinds.Of<Incident>();
        while (await services.Store.GetAsync(kind.KeyOf(name), stop) is { } entry)
        {
            var now = (Incident)kind.Decode(entry);
            var told = now with { Told = new Dictionary<string, string>(now.Told, StringComparer.Ordinal) { [receiver] = state } };
            var result = await services.Store.CommitAsync(new([new(entry.Key, entry.ModRevision)], [new(entry.Key, Codec.Encode(told))]), stop);
            await mirror.ReachAsync(result.Revision, stop);
            if (result.Succeeded)
            {
                return;
            }
        }
    }

    /// <summary>What this process knows of one receiver; but for how it last went, touched by the one task that tells it, or by the loop while there is none.</summary>
    sealed class Desk
    {
        public Dictionary<string, (DateTimeOffset At, TimeSpan Wait)> Later { get; } = new(StringComparer.Ordinal);

        // What this process has told itself: the mirror may show it a moment later.
        public Dictionary<string, string> Said { get; } = new(StringComparer.Ordinal);

        public Task Telling { get; set; } = Task.CompletedTask;

        public Telling? Last { get; set => Volatile.Write(ref field, value); }

        public void Forget(List<Incident> known)
        {
            if (Later.Count + Said.Count == 0)
            {
                return;
            }

            var names = known.Select(i => i.Name).ToHashSet(StringComparer.Ordinal);
            foreach (var gone in Later.Keys.Concat(Said.Keys).Where(n => !names.Contains(n)).ToArray())
            {
                Later.Remove(gone);
                Said.Remove(gone);
            }
        }
    }
}

/// <summary>How it last went with a receiver.</summary>
/// <param name="At">When.</param>
/// <param name="Of">The incident's name, or that it was a test.</param>
/// <param name="Why">Why it was not taken; null where it was.</param>
public sealed record Telling(DateTimeOffset At, string Of, string? Why);
