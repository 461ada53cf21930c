using System.Text;
using System.Text.Json.Nodes;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Observe;
using Mainstay.Core.Store;
using Mainstay.Observe.Drivers;
using Mainstay.Observe.Notify;

namespace Mainstay.Host.Api.Observe;

/// <summary>
/// Tells receivers of incidents: that one goes on, and that it is over. What was told is kept with the incident, so that a restart tells nothing twice. What cannot be
/// told is tried again after 5 s, then twice as long each time, up to 5 minutes; a day after its end it is let go.
/// </summary>
public sealed class NotifyLoop(ServerServices services, Mirror mirror, string dashboard)
{
    static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    static readonly TimeSpan First = TimeSpan.FromSeconds(5);
    static readonly TimeSpan Longest = TimeSpan.FromMinutes(5);
    static readonly TimeSpan LetGo = TimeSpan.FromDays(1);

    static readonly HttpClient Http = new(new SocketsHttpHandler { AllowAutoRedirect = false, PooledConnectionLifetime = TimeSpan.FromMinutes(5) }) { Timeout = Timeout.InfiniteTimeSpan };

    readonly Dictionary<(string Incident, string Receiver), (DateTimeOffset At, TimeSpan Wait)> later = [];

    // What this process has told itself: the mirror may show it a moment later.
    readonly Dictionary<(string Incident, string Receiver), string> said = [];
    long delivered;
    long failed;

    /// <summary>Tells until stopped.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(Tick, services.Time);
        while (await timer.WaitForNextTickAsync(stop))
        {
            try
            {
                await TellAsync(stop);
            }
            catch (StoreUnavailableException fault)
            {
                services.OnFault?.Invoke("notify", fault);
            }
        }
    }

    /// <summary>Adds its metrics.</summary>
    public void Write(MetricsText text)
    {
        text.Counter("mainstay_notifications_total", "What receivers were told of incidents, by what became of it.", Volatile.Read(ref delivered), ("outcome", "delivered"));
        text.Counter("mainstay_notifications_total", "What receivers were told of incidents, by what became of it.", Volatile.Read(ref failed), ("outcome", "failed"));
    }

    async Task TellAsync(CancellationToken stop)
    {
        var now = services.Time.GetUtcNow();
        var (incidents, receivers) = mirror.Read(seen => (seen.All<Incident>().ToList(), seen.All<Receiver>().OrderBy(r => r.Name, StringComparer.Ordinal).ToList()));
        if (receivers.Count == 0)
        {
            return;
        }

        foreach (var incident in incidents.Where(i => (i.SilentUntil ?? now) <= now && (i.Ended is null || now - i.Ended < LetGo)).OrderBy(i => i.Opened))
        {
            foreach (var receiver in receivers.Where(r => IsDue(incident, r, now)))
            {
                await TellAsync(incident, receiver, now, stop);
            }
        }

        foreach (var gone in later.Keys.Concat(said.Keys).Where(k => !incidents.Exists(i => i.Name == k.Incident)).ToArray())
        {
            later.Remove(gone);
            said.Remove(gone);
        }
    }

    // Whom nobody told that it began, nobody tells that it is over.
    bool IsDue(Incident incident, Receiver receiver, DateTimeOffset now)
    {
        var wanted = IncidentMessage.StateOf(incident);
        var told = said.GetValueOrDefault((incident.Name, receiver.Name)) ?? incident.Told.GetValueOrDefault(receiver.Name);
        return wanted != told && (wanted == "firing" || told == "firing") && incident.Criticality >= receiver.Spec.Least
            && (!later.TryGetValue((incident.Name, receiver.Name), out var wait) || wait.At <= now);
    }

    async Task TellAsync(Incident incident, Receiver receiver, DateTimeOffset now, CancellationToken stop)
    {
        var key = (incident.Name, receiver.Name);
        if (await DeliverAsync(incident, receiver, now, stop) is { } why)
        {
            Interlocked.Increment(ref failed);
            var wait = later.TryGetValue(key, out var before) ? TimeSpan.FromTicks(Math.Min(Longest.Ticks, 2 * before.Wait.Ticks)) : First;
            later[key] = (now + wait, wait);
            services.OnFault?.Invoke($"notify {receiver.Name}", new InvalidOperationException(why));
            return;
        }

        Interlocked.Increment(ref delivered);
        later.Remove(key);
        said[key] = IncidentMessage.StateOf(incident);
        await RememberAsync(incident.Name, receiver.Name, IncidentMessage.StateOf(incident), stop);
    }

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

    async Task<string?> DeliverAsync(Incident incident, Receiver receiver, DateTimeOffset now, CancellationToken stop)
    {
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(stop);
        bound.CancelAfter(Patience);
        try
        {
            return receiver.Spec switch
            {
                { Webhook: { } place } => await PostAsync(place, receiver, IncidentMessage.Alertmanager(incident, receiver.Name, dashboard), null, bound.Token),
                { Chat: { } chat } => await PostAsync(chat.Url, receiver, IncidentMessage.Chat(chat.Kind, incident), chat.Kind, bound.Token),
                { Email: { } email } => await MailAsync(incident, email, receiver, now, bound.Token),
                _ => null,
            };
        }
        catch (Exception fault) when (fault is HttpRequestException or OperationCanceledException && !stop.IsCancellationRequested)
        {
            return fault is OperationCanceledException ? $"no answer within {Patience.TotalSeconds:0} s" : fault.Message;
        }
    }

    async Task<string?> PostAsync(string place, Receiver receiver, JsonObject body, ChatKind? chat, CancellationToken stop)
    {
        var (url, why) = place.Contains("://", StringComparison.Ordinal) ? (place, null) : SecretFile.Read(place, receiver.BaseFolder);
        if (why is not null || !Uri.TryCreate(url, UriKind.Absolute, out var to) || to.Scheme is not ("http" or "https"))
        {
            return why ?? "what is kept there is no URL";
        }

        using var content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json");
        using var response = await Http.PostAsync(to, content, stop);
        var answer = await response.Content.ReadAsByteArrayAsync(stop);
        return !response.IsSuccessStatusCode ? $"it answered {(int)response.StatusCode}" : chat is { } kind ? IncidentMessage.Refusal(kind, answer) : null;
    }

    static async Task<string?> MailAsync(Incident incident, EmailSpec email, Receiver receiver, DateTimeOffset now, CancellationToken stop)
    {
        (string, string)? login = null;
        if (email is { User: { } user, Password: { } place })
        {
            var (password, why) = SecretFile.Read(place, receiver.BaseFolder);
            if (password is null)
            {
                return why;
            }

            login = (user, password);
        }

        var id = $"{incident.Name}.{IncidentMessage.StateOf(incident)}.{incident.Reopened}";
        var message = MailText.Write(email.From, email.To, IncidentMessage.Subject(incident), IncidentMessage.Text(incident), id, now);
        return await SmtpClient.SendAsync(email.Server, email.StartTls, login, email.From, email.To, message, stop);
    }
}
