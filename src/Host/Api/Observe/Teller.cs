using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Mainstay.Core.Kinds.Observe;
using Mainstay.Core.Servers;
using Mainstay.Observe.Drivers;
using Mainstay.Observe.Notify;

namespace Mainstay.Host.Api.Observe;

/// <summary>Tells one receiver of one incident, once, by what it is: a webhook, a chat, or mail. 30 s at most.</summary>
/// <param name="dashboard">The dashboard's URL, to which messages lead.</param>
/// <param name="time">For the signatures that chats want.</param>
public sealed class Teller(string dashboard, TimeProvider time)
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    static readonly HttpClient Http = new(new ConnectFaults(new SocketsHttpHandler { AllowAutoRedirect = false, PooledConnectionLifetime = TimeSpan.FromMinutes(5) })) { Timeout = Timeout.InfiniteTimeSpan };

    /// <summary>Why it was not taken; null where it was.</summary>
    public async Task<string?> TellAsync(Incident incident, Receiver receiver, CancellationToken stop)
    {
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(stop);
        bound.CancelAfter(Patience);
        try
        {
            return receiver.Spec switch
            {
                { Webhook: { } place } => await PostAsync(place, receiver, IncidentMessage.Alertmanager(incident, receiver.Name, dashboard), null, bound.Token),
                { Chat: { } chat } => await ChatAsync(incident, chat, receiver, bound.Token),
                { Email: { } email } => await MailAsync(incident, email, receiver, bound.Token),
                _ => null,
            };
        }
        catch (Exception fault) when (fault is HttpRequestException or OperationCanceledException && !stop.IsCancellationRequested)
        {
            return fault is OperationCanceledException ? $"no answer within {Patience.TotalSeconds:0} s" : fault.Message;
        }
    }

    async Task<string?> ChatAsync(Incident incident, ChatSpec chat, Receiver receiver, CancellationToken stop)
    {
        var body = ChatMessage.Body(chat.Kind, incident, dashboard);
        if (chat.Secret is null)
        {
            return await PostAsync(chat.Url, receiver, body, chat.Kind, stop);
        }

        var (secret, why) = SecretFile.Read(chat.Secret, receiver.BaseFolder);
        if (secret is null)
        {
            return why;
        }

        var query = ChatMessage.Sign(chat.Kind, body, secret, time.GetUtcNow());
        return await PostAsync(chat.Url, receiver, body, chat.Kind, stop, query);
    }

    static async Task<string?> PostAsync(string place, Receiver receiver, JsonObject body, ChatKind? chat, CancellationToken stop, string query = "")
    {
        var (url, why) = place.Contains("://", StringComparison.Ordinal) ? (place, null) : SecretFile.Read(place, receiver.BaseFolder);
        if (why is not null || !Uri.TryCreate(query.Length == 0 ? url : $"{url}{(url!.Contains('?', StringComparison.Ordinal) ? "&" : "?")}{query}", UriKind.Absolute, out var to) || to.Scheme is not ("http" or "https"))
        {
            return why ?? "what is kept there is no URL";
        }

        using var content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json");
        using var response = await Http.PostAsync(to, content, stop);
        var answer = await response.Content.ReadAsByteArrayAsync(stop);
        return !response.IsSuccessStatusCode ? string.Create(CultureInfo.InvariantCulture, $"it answered {(int)response.StatusCode}") : chat is { } kind ? ChatMessage.Refusal(kind, answer) : null;
    }

    async Task<string?> MailAsync(Incident incident, EmailSpec email, Receiver receiver, CancellationToken stop)
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
        var message = MailText.Write(email.From, email.To, IncidentMessage.Subject(incident), IncidentMessage.Text(incident, dashboard), id, time.GetUtcNow());
        return MailServer.Parse(email.Server) is not { } server
            ? $"'{email.Server}' is no address of a mail server"
            : await SmtpClient.SendAsync(server, email.StartTls, login, email.From, email.To, message, stop);
    }
}
