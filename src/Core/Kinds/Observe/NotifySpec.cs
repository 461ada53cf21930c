using Mainstay.Core.Kinds.Traffic;

namespace Mainstay.Core.Kinds.Observe;

/// <summary>Who is told of incidents, and how. Exactly one of webhook, chat and email is given.</summary>
public sealed record NotifySpec
{
    /// <summary>Gets what Alertmanager sends (version 4): a URL, or where it is kept: a file relative to the manifest, or <c>env:NAME</c> of the server's environment.</summary>
    public string? Webhook { get; init; }

    /// <summary>A message in a chat.</summary>
    public ChatSpec? Chat { get; init; }

    /// <summary>An e-mail.</summary>
    public EmailSpec? Email { get; init; }

    /// <summary>Only of incidents that hurt what matters at least so much; low is all of them. Default low.</summary>
    public Criticality Least { get; init; } = Criticality.Low;

    public IEnumerable<Problem> Validate()
    {
        var ways = new object?[] { Webhook, Chat, Email }.Count(w => w is not null);
        if (ways != 1)
        {
            yield return new("", $"{ways} ways to tell are given", "give exactly one of webhook, chat, email");
        }

        foreach (var problem in (Webhook is null ? [] : UrlProblems("webhook", Webhook))
            .Concat(Chat is null ? [] : UrlProblems("url", Chat.Url).Concat(Chat.SecretProblems()).Select(p => p.Under("chat")))
            .Concat(Email?.Validate().Select(p => p.Under("email")) ?? []))
        {
            yield return problem;
        }
    }

    static IEnumerable<Problem> UrlProblems(string path, string place) =>
        !place.Contains("://", StringComparison.Ordinal) ? SecretPlace.Validate(path, place)
        : place.Length <= 2048 && Uri.TryCreate(place, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" ? []
        : [new Problem(path, $"'{place}' is no URL", "write http://… or https://…, a file relative to the manifest, or env:NAME")];
}

/// <summary>A chat's incoming webhook.</summary>
public sealed record ChatSpec
{
    /// <summary>Whose shape the message has.</summary>
    public required ChatKind Kind { get; init; }

    /// <summary>The webhook's URL, which is a secret: a file relative to the manifest, <c>env:NAME</c> of the server's environment, or the URL itself.</summary>
    public required string Url { get; init; }

    /// <summary>Where the secret is kept with which messages are signed, for robots of dingtalk and feishu that want it: a file relative to the manifest, or <c>env:NAME</c>. Default: they are not signed.</summary>
    public string? Secret { get; init; }

    internal IEnumerable<Problem> SecretProblems() =>
        Secret is null ? [] : Kind is ChatKind.Dingtalk or ChatKind.Feishu ? SecretPlace.Validate("secret", Secret)
        : [new("secret", $"messages to {Kind.ToString().ToLowerInvariant()} are not signed", "remove it: what its URL says is the secret")];
}

/// <summary>A kind of chat.</summary>
public enum ChatKind
{
    /// <summary>Slack, and what takes its messages: Mattermost, Rocket.Chat, Zulip.</summary>
    Slack,
    Dingtalk,
    Feishu,
    Wecom,
}

/// <summary>An e-mail over SMTP.</summary>
public sealed record EmailSpec
{
    /// <summary>The mail server: <c>host:port</c>, <c>smtp://host</c> (port 587) or <c>smtps://host</c> (port 465). With <c>smtps://</c>, and on port 465, TLS is spoken from the first byte.</summary>
    public required string Server { get; init; }

    /// <summary>The address that it comes from.</summary>
    public required string From { get; init; }

    /// <summary>1 to 50 addresses.</summary>
    public required IReadOnlyList<string> To { get; init; }

    /// <summary>The name to log in with. Default: nobody logs in.</summary>
    public string? User { get; init; }

    /// <summary>Where the password is kept: a file relative to the manifest, or <c>env:NAME</c> of the server's environment.</summary>
    public string? Password { get; init; }

    /// <summary>Goes over to TLS (STARTTLS) before anything is said. A server that does not offer it is then not used. Default true; has no meaning where TLS is spoken from the first byte.</summary>
    public bool StartTls { get; init; } = true;

    public IEnumerable<Problem> Validate()
    {
        var server = MailServer.Parse(Server);
        if (server is null)
        {
            yield return new("server", $"'{Server}' is no address of a server", "write host:port or smtps://host, for example mail.example:587");
        }

        if (To.Count is 0 or > 50)
        {
            yield return new("to", $"{To.Count} addresses are given", "give 1 to 50");
        }

        foreach (var (index, address) in To.Prepend(From).Index().Where(a => !IsAddress(a.Item)))
        {
            yield return new(index == 0 ? "from" : "to", $"'{address}' is no e-mail address", "write name@domain");
        }

        if ((User is null) != (Password is null))
        {
            yield return new("user", "user and password belong together", "give both or none");
        }

        if (User is not null && !StartTls && server is { Tls: false, Host: not ("127.0.0.1" or "::1" or "localhost") })
        {
            yield return new("startTls", "a password is not sent without TLS", "remove 'startTls: false', or write smtps:// before the server");
        }

        foreach (var problem in Password is null ? [] : SecretPlace.Validate("password", Password))
        {
            yield return problem;
        }
    }

    static bool IsAddress(string text) =>
        text.Length <= 254 && text.Split('@') is [{ Length: > 0 and <= 64 } name, { Length: > 0 } domain]
        && name.Concat(domain).All(c => char.IsAsciiLetterOrDigit(c) || "!#$%&'*+-/=?^_`{|}~.".Contains(c, StringComparison.Ordinal));
}

/// <summary>Somebody who is told of incidents.</summary>
public sealed record Receiver : Resource
{
    public required NotifySpec Spec { get; init; }

    /// <summary>Absolute folder of the manifest: relative files with secrets start there.</summary>
    public string BaseFolder { get; init; } = "";

    public override IEnumerable<Problem> Validate() => base.Validate().Concat(Spec.Validate().Select(p => p.Under("spec")));
}
