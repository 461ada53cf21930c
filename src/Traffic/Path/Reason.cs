using System.Text;

namespace Mainstay.Traffic.Path;

/// <summary>Why the gateway answered itself, or ended an exchange. In the answer as <c>X-Mainstay-Reason</c> and the body's <c>reason</c>.</summary>
public enum Reason
{
    None,
    BadRequest,
    UnsupportedVersion,
    UnsupportedTransferCoding,
    UnsupportedMethod,
    RequestLineTooLong,
    HeadTooLarge,
    RequestTimeout,
    BodyStalled,
    NoRoute,
    NoEndpoint,
    ConnectFailed,
    UpstreamClosed,
    UpstreamBadResponse,
    UpstreamTimeout,
    TooManyConnections,
    ClientAborted,
    UpstreamAborted,

    /// <summary>The client's address may not come here.</summary>
    IpDenied,

    /// <summary>The client does not prove who it is.</summary>
    Unauthenticated,

    /// <summary>What the client proves itself with held once.</summary>
    TokenExpired,

    /// <summary>Who asks is known and may not.</summary>
    Forbidden,

    /// <summary>The keys to judge the client by are not there.</summary>
    KeysUnavailable,

    /// <summary>Too many passwords are being checked.</summary>
    AuthenticationBusy,

    /// <summary>A body that has to be looked at is larger than what is looked at.</summary>
    BodyTooLarge,

    /// <summary>The request's body is of a kind that is not taken here.</summary>
    UnsupportedMediaType,

    /// <summary>Headers, query or the form of the body are not what the route asks for.</summary>
    InvalidRequest,

    /// <summary>The body's content does not fit the route's schema.</summary>
    InvalidBody,
    CorsNotAllowed,

    /// <summary>The client is banned for a while.</summary>
    Banned,

    /// <summary>The same, told as too many requests.</summary>
    BannedTooMany,

    /// <summary>The same, without an answer.</summary>
    BannedReset,
    NoFile,
    MethodNotAllowed,

    /// <summary>Nobody waits for the answer any more.</summary>
    DeadlineExceeded,

    /// <summary>The service's breaker is open.</summary>
    BreakerOpen,

    /// <summary>Somebody has thrown a degradation.</summary>
    Degraded,

    /// <summary>The connection was reset on purpose.</summary>
    FaultInjected,

    RateLimited,
    ConcurrencyLimited,
    QueueFull,
    QueueTimeout,
    Shed,

    /// <summary>A part that the answer cannot do without failed.</summary>
    ComposePartFailed,

    /// <summary>The answer is composed with the request's body, which is not JSON.</summary>
    ComposeBodyInvalid,

    /// <summary>The token of a lock is one of a grant that is over.</summary>
    StaleToken,

    /// <summary>Only the holder of a lock may do this, and no token shows that the request comes from it.</summary>
    TokenRequired,

    /// <summary>The client wants what is kept, and nothing is.</summary>
    NotCached,

    /// <summary>The route wants an Idempotency-Key.</summary>
    KeyRequired,

    /// <summary>The Idempotency-Key is none, or there are two.</summary>
    KeyInvalid,

    /// <summary>The key's request is under way.</summary>
    KeyInProgress,

    /// <summary>The key was used for another request.</summary>
    KeyReused,

    /// <summary>Nobody knows whether the key's request was done.</summary>
    OutcomeUnknown,

    /// <summary>The key's request was done; its answer was too large to be kept.</summary>
    AnswerNotKept,

    /// <summary>The service's answer is larger than what is taken here.</summary>
    AnswerTooLarge,

    /// <summary>Requests cannot be remembered at the moment, so this one is not begun.</summary>
    LedgerUnavailable,

    /// <summary>As many requests wait to be done later as may.</summary>
    BacklogFull,

    /// <summary>No accepted request has this id, or it is another's.</summary>
    NoRequest,

    /// <summary>The accepted request has no answer yet.</summary>
    NoAnswerYet,

    /// <summary>The accepted request waits no longer.</summary>
    NotWaiting,

    /// <summary>The place that the request wants its end told to is none, or may not be called.</summary>
    CallbackRefused,
}

/// <summary>The answers of the gateway itself: RFC 9457 problem documents, made once.</summary>
public static class Problem
{
    private static readonly byte[][] Names = [.. Enum.GetValues<Reason>().Select(reason => Encoding.ASCII.GetBytes(NameOf(reason)))];
    private static readonly (byte[] Lines, byte[] Body)[] Made = [.. Enum.GetValues<Reason>().Select(Write)];

    /// <summary>The HTTP status for a reason; 0 where nothing can be answered any more.</summary>
    public static int StatusOf(Reason reason) => reason switch
    {
        Reason.BadRequest or Reason.InvalidRequest or Reason.ComposeBodyInvalid or Reason.KeyRequired or Reason.KeyInvalid or Reason.CallbackRefused => 400,
        Reason.Unauthenticated or Reason.TokenExpired => 401,
        Reason.IpDenied or Reason.Banned or Reason.Forbidden or Reason.CorsNotAllowed => 403,
        Reason.NoRoute or Reason.NoFile or Reason.NoRequest or Reason.NoAnswerYet => 404,
        Reason.MethodNotAllowed => 405,
        Reason.RequestTimeout or Reason.BodyStalled => 408,
        Reason.StaleToken or Reason.KeyInProgress or Reason.OutcomeUnknown or Reason.AnswerNotKept or Reason.NotWaiting => 409,
        Reason.BodyTooLarge => 413,
        Reason.RequestLineTooLong => 414,
        Reason.UnsupportedMediaType => 415,
        Reason.InvalidBody or Reason.KeyReused => 422,
        Reason.TokenRequired => 428,
        Reason.RateLimited or Reason.BannedTooMany or Reason.BacklogFull => 429,
        Reason.ConcurrencyLimited or Reason.QueueFull or Reason.QueueTimeout or Reason.Shed => 503,
        Reason.HeadTooLarge => 431,
        Reason.UnsupportedTransferCoding or Reason.UnsupportedMethod => 501,
        Reason.ConnectFailed or Reason.UpstreamClosed or Reason.UpstreamBadResponse or Reason.ComposePartFailed or Reason.AnswerTooLarge => 502,
        Reason.NoEndpoint or Reason.TooManyConnections or Reason.BreakerOpen or Reason.Degraded or Reason.KeysUnavailable or Reason.AuthenticationBusy or Reason.LedgerUnavailable => 503,
        Reason.UpstreamTimeout or Reason.DeadlineExceeded or Reason.NotCached => 504,
        Reason.UnsupportedVersion => 505,
        _ => 0,
    };

    /// <summary>The reason's name in headers, bodies and records, such as <c>no-endpoint</c>.</summary>
    public static string NameOf(Reason reason)
    {
        var name = reason.ToString();
        var text = new StringBuilder();
        foreach (var letter in name)
        {
            if (char.IsUpper(letter) && text.Length > 0) text.Append('-');
            text.Append(char.ToLowerInvariant(letter));
        }
        return text.ToString();
    }

    /// <summary>The reason's name as bytes.</summary>
    internal static ReadOnlySpan<byte> NameBytesOf(Reason reason) => Names[(int)reason];

    /// <summary>The body of the answer, and the header lines that tell of it.</summary>
    internal static (byte[] Lines, byte[] Body) Of(Reason reason) => Made[(int)reason];

    private static (byte[] Lines, byte[] Body) Write(Reason reason)
    {
        var status = StatusOf(reason);
        if (status == 0) return ([], []);
        var (title, detail) = Explain(reason);
        var name = NameOf(reason);
        var body = $$"""{"type":"about:blank","title":"{{title}}","status":{{status}},"reason":"{{name}}","detail":"{{detail}}"}""";
        var lines = new StringBuilder()
            .Append("Content-Type: application/problem+json\r\n")
            .Append($"X-Mainstay-Reason: {name}\r\n")
            .Append("Cache-Control: no-store\r\n");
        // What is told to come again says when itself.
        if (status == 503 && !SaysWhen(reason)) lines.Append("Retry-After: 1\r\n");
        return (Encoding.UTF8.GetBytes(lines.ToString()), Encoding.UTF8.GetBytes(body));
    }

    /// <summary>True for reasons whose gate adds Retry-After itself.</summary>
    private static bool SaysWhen(Reason reason) => reason is Reason.ConcurrencyLimited or Reason.QueueFull or Reason.QueueTimeout or Reason.Shed;

    /// <summary>The reason in words; empty for those that are never told to a client.</summary>
    public static string DetailOf(Reason reason) => Explain(reason).Detail;

    /// <summary>The body of an answer that tells more than its reason: each thing that is wrong, and where.</summary>
    internal static byte[] With(Reason reason, IReadOnlyList<(string Where, string Name, string Detail)> errors)
    {
        var (title, detail) = Explain(reason);
        var into = new System.Buffers.ArrayBufferWriter<byte>(512);
        using (var writer = new System.Text.Json.Utf8JsonWriter(into))
        {
            writer.WriteStartObject();
            writer.WriteString("type", "about:blank");
            writer.WriteString("title", title);
            writer.WriteNumber("status", StatusOf(reason));
            writer.WriteString("reason", NameOf(reason));
            writer.WriteString("detail", detail);
            writer.WriteStartArray("errors");
            foreach (var (where, name, what) in errors)
            {
                writer.WriteStartObject();
                writer.WriteString(where, name);
                writer.WriteString("detail", what);
                writer.WriteEndObject();
            }
            writer.WriteEndArray();
            writer.WriteEndObject();
        }
        return into.WrittenSpan.ToArray();
    }

    private static (string Title, string Detail) Explain(Reason reason) => reason switch
    {
        Reason.BadRequest => ("Bad Request", "The request is not well-formed HTTP/1.1."),
        Reason.UnsupportedVersion => ("HTTP Version Not Supported", "Only HTTP/1.1 and HTTP/1.0 are spoken here."),
        Reason.UnsupportedTransferCoding => ("Not Implemented", "The only transfer coding understood is chunked."),
        Reason.UnsupportedMethod => ("Not Implemented", "CONNECT is not offered."),
        Reason.RequestLineTooLong => ("URI Too Long", "The request line is longer than the limit."),
        Reason.HeadTooLarge => ("Request Header Fields Too Large", "The headers are larger or more than the limit."),
        Reason.RequestTimeout => ("Request Timeout", "The request's head did not arrive in time."),
        Reason.BodyStalled => ("Request Timeout", "The request's body stood still for too long."),
        Reason.NoRoute => ("Not Found", "No route matches this host and path."),
        Reason.NoEndpoint => ("Service Unavailable", "The service has no endpoint that could answer."),
        Reason.ConnectFailed => ("Bad Gateway", "No endpoint of the service could be connected to."),
        Reason.UpstreamClosed => ("Bad Gateway", "The endpoint closed the connection before it answered."),
        Reason.UpstreamBadResponse => ("Bad Gateway", "The endpoint's answer is not well-formed HTTP/1.1."),
        Reason.UpstreamTimeout => ("Gateway Timeout", "The endpoint did not answer within the route's timeout."),
        Reason.BreakerOpen => ("Service Unavailable", "The service fails; requests are kept from it until it answers again."),
        Reason.Degraded => ("Service Unavailable", "The service is turned off for now, and nothing answers in its place."),
        Reason.DeadlineExceeded => ("Gateway Timeout", "The time that the caller waits is over."),
        Reason.TooManyConnections => ("Service Unavailable", "The listener has as many connections as it may have."),
        Reason.IpDenied => ("Forbidden", "Requests from this address are not accepted here."),
        Reason.Banned => ("Forbidden", "Requests from this address are not accepted for a while."),
        Reason.BannedTooMany => ("Too Many Requests", "Requests from this address are not accepted for a while."),
        Reason.Unauthenticated => ("Unauthorized", "The request does not prove who it comes from."),
        Reason.TokenExpired => ("Unauthorized", "What the request proves itself with has expired."),
        Reason.Forbidden => ("Forbidden", "Who this request comes from may not do this."),
        Reason.KeysUnavailable => ("Service Unavailable", "The keys to check the request with are not there at the moment."),
        Reason.BodyTooLarge => ("Content Too Large", "The request's body is larger than the limit."),
        Reason.UnsupportedMediaType => ("Unsupported Media Type", "The request's body is of a kind that is not taken here."),
        Reason.InvalidRequest => ("Bad Request", "The request is not what is asked for here."),
        Reason.InvalidBody => ("Unprocessable Content", "The request's body does not fit its schema."),
        Reason.AuthenticationBusy => ("Service Unavailable", "Too many passwords are being checked at the moment."),
        Reason.CorsNotAllowed => ("Forbidden", "Pages of this origin must not use this route with this method and these headers."),
        Reason.NoFile => ("Not Found", "There is no such file."),
        Reason.MethodNotAllowed => ("Method Not Allowed", "Files are read with GET and HEAD."),
        Reason.RateLimited => ("Too Many Requests", "More requests came than the limit of a rate lets pass."),
        Reason.ConcurrencyLimited => ("Service Unavailable", "As many requests are under way as may be."),
        Reason.QueueFull => ("Service Unavailable", "As many requests are under way as may be, and as many wait."),
        Reason.QueueTimeout => ("Service Unavailable", "The request waited for its turn as long as it may."),
        Reason.Shed => ("Service Unavailable", "The service has too much to do, and requests of higher levels go first."),
        Reason.ComposePartFailed => ("Bad Gateway", "A part of the answer that it cannot do without is missing."),
        Reason.ComposeBodyInvalid => ("Bad Request", "The request's body is not JSON."),
        Reason.StaleToken => ("Conflict", "The lock that the request was made under is not held with its token any more."),
        Reason.TokenRequired => ("Precondition Required", "Only the holder of a lock may do this; its token is missing, or is none of this lock."),
        Reason.NotCached => ("Gateway Timeout", "Only what is kept was asked for, and nothing is kept."),
        Reason.KeyRequired => ("Bad Request", "This needs an Idempotency-Key, so that it is done once only."),
        Reason.KeyInvalid => ("Bad Request", "An Idempotency-Key is 1 to 255 visible characters, and given once."),
        Reason.KeyInProgress => ("Conflict", "The request with this Idempotency-Key is being done."),
        Reason.KeyReused => ("Unprocessable Content", "This Idempotency-Key was used for another request."),
        Reason.OutcomeUnknown => ("Conflict", "The request with this Idempotency-Key was begun, and nobody knows whether it was done."),
        Reason.AnswerNotKept => ("Conflict", "The request with this Idempotency-Key was done; its answer was too large to be kept."),
        Reason.AnswerTooLarge => ("Bad Gateway", "The request was done, but the answer is larger than what is taken here."),
        Reason.LedgerUnavailable => ("Service Unavailable", "Requests cannot be remembered at the moment; this one was not begun."),
        Reason.BacklogFull => ("Too Many Requests", "As many requests wait to be done later as may; this one was not accepted."),
        Reason.NoRequest => ("Not Found", "There is no such accepted request, or it is not yours."),
        Reason.NoAnswerYet => ("Not Found", "The accepted request has no answer yet."),
        Reason.NotWaiting => ("Conflict", "The accepted request does not wait any more; it cannot be taken back."),
        Reason.CallbackRefused => ("Bad Request", "Mainstay-Callback-Url names no place that this route may call; it is given once, absolute, and one of those that are allowed."),
        _ => ("", ""),
    };
}
