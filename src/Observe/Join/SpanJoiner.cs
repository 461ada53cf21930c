using Mainstay.Observe.Ingest.Model;
using Mainstay.Observe.Numbers;

namespace Mainstay.Observe.Join;

/// <summary>Takes in what the joiner finds: a call from one node to another.</summary>
public interface IEdgeSink
{
    /// <summary>One call.</summary>
    /// <param name="from">Number of the caller in <see cref="SpanJoiner.Nodes"/>.</param>
    /// <param name="to">Number of the callee.</param>
    void Edge(int from, int to, long nanoseconds, bool isError, TraceId trace);
}

/// <summary>
/// Makes calls between services out of spans, in whatever order their halves come:
/// <list type="number">
/// <item>A server's or consumer's span and its parent in another process are one call, timed by the callee. Shared spans, whose halves have one id, too.</item>
/// <item>A call to a database or a queue is one as soon as its span comes; the queue stands between producer and consumer.</item>
/// <item>A client's span that no server's half came for within the window is a call to whom its attributes name: the peer sends no spans.</item>
/// <item>A half whose parent never comes is counted as an orphan.</item>
/// </list>
/// Bounded: at most a number of spans wait, the oldest is settled before its time. Not safe for several callers at a time.
/// </summary>
/// <param name="most">The most spans that wait. Default 131,072, about 30 MB.</param>
public sealed class SpanJoiner(int most = 131_072)
{
    /// <summary>How long a half is waited for, in seconds. Senders send batches every 5 s.</summary>
    public const int WindowSeconds = 12;

    readonly Waiting[] ring = new Waiting[most];
    readonly Dictionary<Id, int> spans = new(1024);
    readonly Dictionary<Id, int> children = new(1024);
    readonly List<PeerKind> kinds = [PeerKind.External];
    long head;
    long tail;

    /// <summary>All nodes by number: services by their names, databases and queues as <c>system/name</c>.</summary>
    public NameTable Nodes { get; } = new(16_384);

    /// <summary>Halves whose parents did not come.</summary>
    public long Orphans { get; private set; }

    /// <summary>Spans that were settled before their time, because too many waited.</summary>
    public long Hurried { get; private set; }

    /// <summary>How many wait.</summary>
    public int Count => (int)(head - tail);

    /// <summary>What a node is.</summary>
    public PeerKind KindOf(int node) => node < kinds.Count ? kinds[node] : PeerKind.External;

    /// <summary>The number of a service.</summary>
    public int Service(ReadOnlySpan<byte> name) => Node(name, PeerKind.Service);

    /// <summary>Takes one span in.</summary>
    /// <param name="service">From <see cref="Service"/>.</param>
    /// <param name="span">The span.</param>
    /// <param name="second">Now, by the owner's clock.</param>
    /// <param name="sink">Told what can be said now.</param>
    public void Take(int service, in SpanView span, long second, IEdgeSink sink)
    {
        var isError = span.Status == SpanStatus.Error;
        var isSettled = false;
        var peer = -1;
        if (span.Kind is SpanKind.Client or SpanKind.Producer or SpanKind.Consumer)
        {
            Span<byte> name = stackalloc byte[Peer.MostBytes];
            if (Peer.Of(span, name, out var kind, out var length))
            {
                peer = Node(name[..length], kind);
                isSettled = kind is PeerKind.Database or PeerKind.Queue;
                if (isSettled)
                {
                    var isInward = kind == PeerKind.Queue && (span.Kind == SpanKind.Consumer || IsReceive(span));
                    sink.Edge(isInward ? peer : service, isInward ? service : peer, span.Duration, isError, span.Trace);
                }
            }
        }

        var isCallee = span.Kind == SpanKind.Server || (span.Kind == SpanKind.Consumer && !isSettled) || span.Kind == SpanKind.Unspecified;
        var me = new Waiting
        {
            Trace = span.Trace, Span = span.Span, Service = service, Peer = peer, Kind = span.Kind, Nanoseconds = span.Duration, IsError = isError, Second = second, Next = -1,
            IsSettled = isSettled, IsHalf = span.Shared,
        };
        if (isCallee)
        {
            Callee(ref me, span, sink);
        }
        else if (span.Kind == SpanKind.Client && spans.TryGetValue(new(span.Trace, span.Span, false), out var half) && ring[half].Kind == SpanKind.Server)
        {
            // The server's half of a shared id that does not say so came first.
            if (ring[half].IsWaiting)
            {
                Join(ref me, ring[half], sink);
                ring[half].IsWaiting = false;
            }

            me.IsSettled = true;
        }

        Put(me, sink);
    }

    /// <summary>Settles what has waited long enough.</summary>
    public void Advance(long second, IEdgeSink sink)
    {
        while (tail < head && ring[tail % most].Second + WindowSeconds <= second)
        {
            Settle(sink);
        }
    }

    void Callee(ref Waiting me, in SpanView span, IEdgeSink sink)
    {
        var parent = span.Shared ? span.Span : span.Parent;
        if (parent == 0)
        {
            return;
        }

        me.ParentSpan = parent;
        if (spans.TryGetValue(new(span.Trace, parent, false), out var at))
        {
            Join(ref ring[at], me, sink);
            return;
        }

        // Zipkin's senders do not all say that a span is shared: the client's half has the same id then.
        if (span.Kind == SpanKind.Server && spans.TryGetValue(new(span.Trace, span.Span, false), out at) && ring[at].Kind == SpanKind.Client)
        {
            me.IsHalf = true;
            Join(ref ring[at], me, sink);
            return;
        }

        me.IsWaiting = true;
    }

    static void Join(ref Waiting parent, in Waiting child, IEdgeSink sink)
    {
        // Spans without a kind are parts of their parent's process, unless they name another service.
        if (child.Kind != SpanKind.Unspecified || child.Service != parent.Service)
        {
            sink.Edge(parent.Service, child.Service, child.Nanoseconds, child.IsError, child.Trace);
            parent.IsSettled = true;
        }
    }

    void Put(Waiting me, IEdgeSink sink)
    {
        if (head - tail == most)
        {
            Hurried++;
            Settle(sink);
        }

        var at = (int)(head++ % most);
        if (children.Remove(new(me.Trace, me.Span, false), out var child))
        {
            // A shared half is no parent of its own client.
            for (; child >= 0; child = ring[child].Next)
            {
                if (ring[child].IsWaiting && !(ring[child].Span == me.Span && me.IsHalf))
                {
                    Join(ref me, ring[child], sink);
                    ring[child].IsWaiting = false;
                }
            }
        }

        if (me.IsWaiting)
        {
            ref var first = ref System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(children, new(me.Trace, me.ParentSpan, false), out var exists);
            me.Next = exists ? first : -1;
            first = at;
        }

        ring[at] = me;
        spans[new(me.Trace, me.Span, me.IsHalf)] = at;
    }

    void Settle(IEdgeSink sink)
    {
        var at = (int)(tail++ % most);
        ref var one = ref ring[at];
        var id = new Id(one.Trace, one.Span, one.IsHalf);
        if (spans.TryGetValue(id, out var known) && known == at)
        {
            spans.Remove(id);
        }

        if (one.IsWaiting)
        {
            Orphans++;
            one.IsWaiting = false;
            Unchain(new(one.Trace, one.ParentSpan, false), at);
        }

        if (one.Kind is SpanKind.Client or SpanKind.Producer && !one.IsSettled && one.Peer >= 0)
        {
            sink.Edge(one.Service, one.Peer, one.Nanoseconds, one.IsError, one.Trace);
        }
    }

    // The oldest is the last of its chain.
    void Unchain(Id parent, int at)
    {
        if (!children.TryGetValue(parent, out var child))
        {
            return;
        }

        if (child == at)
        {
            children.Remove(parent);
            return;
        }

        for (; child >= 0; child = ring[child].Next)
        {
            if (ring[child].Next == at)
            {
                ring[child].Next = -1;
            }
        }
    }

    int Node(ReadOnlySpan<byte> name, PeerKind kind)
    {
        var node = Nodes.Of(name);
        while (kinds.Count <= node)
        {
            kinds.Add(kind);
        }

        // What sends spans under its name is a service, even where somebody else has named it by its address before.
        if (kind == PeerKind.Service && node != NameTable.Other)
        {
            kinds[node] = kind;
        }

        return node;
    }

    static bool IsReceive(in SpanView span)
    {
        var type = span.Attributes.TextOf("messaging.operation.type"u8);
        type = type.IsEmpty ? span.Attributes.TextOf("messaging.operation"u8) : type;
        return type.SequenceEqual("receive"u8) || type.SequenceEqual("process"u8) || type.SequenceEqual("settle"u8) || type.SequenceEqual("deliver"u8);
    }

    readonly record struct Id(TraceId Trace, ulong Span, bool IsHalf);

    struct Waiting
    {
        public TraceId Trace;
        public ulong Span;
        public ulong ParentSpan;
        public long Nanoseconds;
        public long Second;
        public int Service;
        public int Peer;
        public int Next;
        public SpanKind Kind;
        public bool IsError;
        public bool IsSettled;
        public bool IsWaiting;
        public bool IsHalf;
    }
}
