using Mainstay.Traffic.Drivers;
using Mainstay.Traffic.Policies;

namespace Mainstay.Traffic.Path;

/// <summary>
/// One request and its response on their way through the stations. A connection rents one when a request begins to arrive and gives it back
/// when it is idle again, so that an idle connection holds neither heads nor buffers.
/// </summary>
internal sealed class Exchange
{
    /// <summary>Whose request it is; set for as long as it is rented.</summary>
    public ClientConnection Connection = null!;
    public readonly RequestHead Request = new();
    public readonly ResponseHead Response = new();
    public readonly ClientInput Input = new();

    /// <summary>What a head is written into; rented from then until it is sent.</summary>
    public byte[] Output = [];

    /// <summary>The request's id, kept for the response.</summary>
    public readonly byte[] RequestId = new byte[128];
    public int RequestIdLength;

    /// <summary>Method and target as they came, up to what the journal keeps.</summary>
    public readonly byte[] StartLine = new byte[Journal.TargetBytes];
    public int StartLineLength;

    public RouteTarget? Target;

    /// <summary>The gate that turned the request away.</summary>
    public Gate? RefusedBy;

    /// <summary>How many of the target's gates were passed and are to be left.</summary>
    public int Entered;

    /// <summary>What each gate keeps about this request, by the gate's place.</summary>
    public readonly long[] Slots = new long[MostGates];

    /// <summary>The request's level; -1 until somebody wants to know. See <see cref="RequestLevel"/>.</summary>
    public int Level;

    /// <summary>When the response's head was there; -1 where there is none, or the target has no gates.</summary>
    public long HeadAt;

    /// <summary>Where it waits when a gate makes it wait; made by the first that does.</summary>
    public Parking? Parking;

    /// <summary>What answers instead of an endpoint.</summary>
    public IAnswer? Answer;

    /// <summary>Its way through the cache; made by the first cache that it comes to.</summary>
    public CacheVisit? Visit;

    /// <summary>Who keeps the response's body as it passes; null where nobody does.</summary>
    public CacheVisit? Collecting;

    /// <summary>For so long beyond its freshness a kept response may be given, because somebody has thrown that.</summary>
    public long StaleMs;

    /// <summary>The path of a lesser variant that is asked for instead; null for what the client asked for.</summary>
    public CompiledText? Lesser;

    /// <summary>Calls that are not needed are not made.</summary>
    public bool DropsOptional;

    /// <summary>So many milliseconds it has waited for its service's recovery.</summary>
    public long ParkedMs;

    /// <summary>Somebody holds the target's breakers closed.</summary>
    public bool PassesBreakers;

    /// <summary>The gates before this one are nothing to this request.</summary>
    public int FirstGate;

    /// <summary>Lines for the response's head.</summary>
    public readonly AddedHeaders Added = new();

    /// <summary>Lines for the request's head as the endpoint gets it. Who adds one removes what the client sent under that name.</summary>
    public readonly AddedHeaders Onward = new();

    /// <summary>Who asks, once a guard has had it proven; null where nobody was asked.</summary>
    public Identity? Identity;

    /// <summary>The body of the problem that the request is answered with, where it tells more than its reason.</summary>
    public byte[]? Details;

    /// <summary>The guard was shown nothing that could prove who asks.</summary>
    public bool ShowedNothing;

    /// <summary>The trace and its first span as the page was told them, where the client sent none; 0 for what is made on the way.</summary>
    public ulong TraceHigh;
    public ulong TraceLow;
    public ulong TraceSpan;
    public Endpoint? Endpoint;
    public int EndpointIndex;
    public Upstream? Upstream;
    public RequestBody Body;

    /// <summary>The rest of the request's body, under way beside the response. Awaited exactly once if <see cref="HasPump"/>.</summary>
    public ValueTask<Reason> Pump;
    public bool HasPump;

    /// <summary>Set by the pump when the client has sent all of the body.</summary>
    public volatile bool HasBodyArrived;

    /// <summary>The largest body that the route takes.</summary>
    public long MaxBody;

    /// <summary>A copy that still lacks a part of the body, and how much it may take.</summary>
    public MirrorFlight? Mirror;
    public long MirrorLeft;

    /// <summary>The second request that waits for its time, or is under way; null but between a request and its response's head.</summary>
    public HedgeFlight? Hedge;

    /// <summary>The endpoint that the client's cookie names; -1 for none.</summary>
    public int Stuck;

    /// <summary>The answer is that of the second request.</summary>
    public bool IsHedged;

    public long StartedAt;

    /// <summary>When forwarding began: the route's timeout counts from there.</summary>
    public long SendingSince;
    public int Attempt;
    public ulong Tried;
    public long BytesIn;
    public long BytesOut;
    public int Status;
    public Reason Reason;

    /// <summary>Close the client's connection after this exchange.</summary>
    public bool Close;

    /// <summary>The upstream's connection can serve another exchange.</summary>
    public bool IsReusable;

    /// <summary>The client may still be sending what nobody reads.</summary>
    public bool HasUnread;

    /// <summary>Bytes of the request were on their way to an endpoint.</summary>
    public bool WasSent;

    /// <summary>It is in the records already: an errand did what it asked for.</summary>
    public bool IsRecorded;

    /// <summary>Bytes of the response are on their way to the client: nothing can be answered in their place.</summary>
    public bool Answered;

    /// <summary>The highest number of gates on one target.</summary>
    public const int MostGates = 32;

    /// <summary>The path's coarse clock, exact to a heartbeat.</summary>
    public long NowMs => Connection.Gateway.Clock.CoarseMs;

    /// <summary>Why the target did not answer, where somebody else did in its place.</summary>
    public Reason Failed;

    /// <summary>Bytes per second that the response passes with; 0 for as many as there are.</summary>
    public long Pace;

    /// <summary>The response's head says when to come again.</summary>
    public bool IsAskedToWait;

    /// <summary>Milliseconds that are left of the route's timeout and of the time that the caller still waits.</summary>
    public long LeftMs
    {
        get
        {
            var clock = Connection.Gateway.Clock;
            var left = Target!.TimeoutMs - clock.MicrosSince(SendingSince) / 1000;
            return Math.Min(left, CallerLeftMs);
        }
    }

    /// <summary>Milliseconds that the caller still waits, as far as it said.</summary>
    public long CallerLeftMs => Request.DeadlineMs < 0 ? long.MaxValue : Request.DeadlineMs - Connection.Gateway.Clock.MicrosSince(StartedAt) / 1000;

    public ReadOnlySpan<byte> HeadBytes => Input.Bytes[..Request.Length];

    /// <summary>Where the request comes from, as far as trusted proxies say (see <see cref="IpText"/>). Found out once, when a gate first asks for it; the head is there until the body is sent.</summary>
    public UInt128 ClientAddress
    {
        get
        {
            if (!hasClientAddress) (clientAddress, hasClientAddress) = (ClientOrigin.Of(this), true);
            return clientAddress;
        }
    }

    private UInt128 clientAddress;
    private bool hasClientAddress;

    public Wire Client => Connection.Wire;

    /// <summary>The connection's own chance.</summary>
    public ref Dice Dice => ref Connection.Dice;

    public static Exchange Rent(ClientConnection connection)
    {
        var x = LocalPool<Exchange>.Rent() ?? new Exchange();
        x.Connection = connection;
        x.Request.Trusted = connection.IsTrusted;
        return x;
    }

    /// <summary>Gives it back to the pool, with nothing of it under way.</summary>
    public void Return()
    {
        ReturnOutput();
        Input.Clear();
        Connection = null!;
        Target = null;
        Answer = null;
        Visit?.Reset();
        Identity = null;
        Endpoint = null;
        Upstream = null;
        Pump = default;
        LocalPool<Exchange>.Return(this);
    }

    /// <summary>What every exchange starts from. The request's head is reset when it begins to arrive.</summary>
    public void Begin(long timestamp)
    {
        Target = null;
        RefusedBy = null;
        Failed = Reason.None;
        Pace = 0;
        IsAskedToWait = false;
        Entered = 0;
        hasClientAddress = false;
        Level = -1;
        HeadAt = -1;
        ShowedNothing = false;
        TraceHigh = TraceLow = TraceSpan = 0;
        Details = null;
        Answer = null;
        Visit?.Reset();
        Collecting = null;
        StaleMs = 0;
        Lesser = null;
        DropsOptional = false;
        PassesBreakers = false;
        ParkedMs = 0;
        FirstGate = 0;
        Added.Clear();
        Onward.Clear();
        Identity = null;
        Endpoint = null;
        EndpointIndex = -1;
        Upstream = null;
        Body = default;
        RequestIdLength = 0;
        HasPump = HasBodyArrived = false;
        MaxBody = long.MaxValue;
        Mirror = null;
        Hedge = null;
        IsHedged = false;
        Stuck = -1;
        StartedAt = timestamp;
        Attempt = 0;
        Tried = 0;
        BytesIn = BytesOut = 0;
        Status = 0;
        Reason = Reason.None;
        Close = !Request.Persistent;
        Answered = IsReusable = HasUnread = WasSent = IsRecorded = false;
        // Copied now: when the request is over its head may be gone.
        var start = Input.Bytes[..Math.Min(Input.Available, Math.Min(Request.StartLineLength, Journal.TargetBytes))];
        start.CopyTo(StartLine);
        StartLineLength = start.Length;
    }

    /// <summary>The request's id: the client's, or one that is made now. It is the same for the endpoint, the response and the records.</summary>
    public ReadOnlySpan<byte> TakeRequestId()
    {
        if (RequestIdLength == 0)
        {
            // The head of a request that was refused half-way is not to be read.
            if (Request.RequestId.IsEmpty || Request.Length == 0)
            {
                var writer = new HeadWriter(RequestId);
                writer.AddHex(Dice.Next() | 1);
                writer.AddHex(Dice.Next());
                RequestIdLength = writer.Length;
            }
            else
            {
                Request.RequestId.Of(HeadBytes).CopyTo(RequestId);
                RequestIdLength = Request.RequestId.Length;
            }
        }
        return RequestId.AsSpan(0, RequestIdLength);
    }

    /// <summary>Room for what the gateway adds to a head, with the client's longest values.</summary>
    public const int HeadRoom = 1536;

    /// <summary>Makes sure that a head of this length can be written, with what is added to it.</summary>
    public void RoomFor(int headLength, int extra)
    {
        if (Output.Length >= headLength + extra + HeadRoom) return;
        ReturnOutput();
        Output = Buffers.Rent(headLength + extra + HeadRoom);
    }

    /// <summary>Gives back the room for a head that is sent: the next one takes some anew, where it is still warm.</summary>
    public void ReturnOutput()
    {
        if (Output.Length == 0) return;
        Buffers.Return(Output);
        Output = [];
    }
}
