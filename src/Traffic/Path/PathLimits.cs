namespace Mainstay.Traffic.Path;

/// <summary>Every size and time the path is bounded by. Times are checked by one heartbeat, so they are exact to about 100 ms.</summary>
public sealed record PathLimits
{
    /// <summary>Bytes of the request line (or status line) with its line end. Default 8,192.</summary>
    public int StartLineBytes { get; init; } = 8 * 1024;

    /// <summary>Bytes of the whole head: start line, headers and the empty line. Default 32,768 plus the start line's limit.</summary>
    public int HeadBytes { get; init; } = 40 * 1024;

    /// <summary>Header lines per message, and trailer lines per chunked body. Default 100.</summary>
    public int Headers { get; init; } = 100;

    /// <summary>Open client connections per listener; one more is answered 503 and closed. Default 50,000.</summary>
    public int ConnectionsPerListener { get; init; } = 50_000;

    /// <summary>Idle connections kept per endpoint. Default 256.</summary>
    public int IdleUpstreams { get; init; } = 256;

    /// <summary>How long a client connection may stay without a request. Default 60 s.</summary>
    public TimeSpan KeepAlive { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>From a connection's start to the end of its TLS handshake. Default 10 s.</summary>
    public TimeSpan Handshake { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>From a request's first byte to the end of its head. Default 10 s; then 408.</summary>
    public TimeSpan HeadRead { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a body may stand still, from the client or to the client. Default 30 s.</summary>
    public TimeSpan BodyStall { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Bytes per second that a client must send of its body, or take of what is sent to it, on average while it is waited for. Default 240; 0 for none.</summary>
    public int BodyRate { get; init; } = 240;

    /// <summary>How long a client may be slower than <see cref="BodyRate"/>. Default 5 s.</summary>
    public TimeSpan BodyGrace { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a response's body may stand still at the upstream; server-sent events have <see cref="StreamIdle"/>. Default 60 s.</summary>
    public TimeSpan UpstreamStall { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long an upgraded connection or an event stream may stay silent. Default 1 h.</summary>
    public TimeSpan StreamIdle { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Time to connect to an endpoint, per attempt. Default 1 s.</summary>
    public TimeSpan Connect { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long an idle upstream connection is kept. Default 30 s.</summary>
    public TimeSpan UpstreamIdle { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a closing connection may still send what nobody reads, so that our last answer is not lost to a reset. Default 1 s.</summary>
    public TimeSpan Linger { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>While draining, how long an idle connection stays open for one more request. Default 1 s.</summary>
    public TimeSpan DrainIdle { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>First ejection of an endpoint that cannot be connected to; doubles with each further failure. Default 1 s.</summary>
    public TimeSpan Ejection { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Longest ejection. Default 10 s.</summary>
    public TimeSpan EjectionMax { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Address ranges (such as <c>10.0.0.0/8</c>) whose X-Forwarded-* headers are kept and added to. Default none.</summary>
    public IReadOnlyList<string> TrustedProxies { get; init; } = [];
}
