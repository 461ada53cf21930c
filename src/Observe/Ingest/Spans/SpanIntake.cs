using Mainstay.Observe.Ingest.Model;
using Mainstay.Observe.Join;
using Mainstay.Observe.Numbers;
using Mainstay.Observe.Store.Traces;

namespace Mainstay.Observe.Ingest.Spans;

/// <summary>
/// What becomes of a span: it is counted, joined with its other half, and kept. One caller at a time takes spans in; the numbers may be asked from any thread
/// through <see cref="Top"/> and <see cref="Kinds"/>.
/// </summary>
/// <param name="time">Its clock.</param>
/// <param name="store">Keeps the spans.</param>
/// <param name="edges">Takes the calls that traces show.</param>
/// <param name="bucketOf">The bucket of a duration in microseconds, of the scale of <paramref name="edges"/>.</param>
/// <param name="calls">Takes the numbers of operations as series.</param>
/// <param name="mostWaiting">The most spans that wait for their other halves.</param>
public sealed class SpanIntake(TimeProvider time, ITraceStore store, EdgeStatistics edges, Func<long, int> bucketOf, CallSeries calls, int mostWaiting = 131_072)
{
    static readonly TimeSpan Brief = TimeSpan.FromMilliseconds(10);

    readonly Lock gate = new();

    // Who asks stands in line with the bodies that come: a lock alone is had again and again by who just had it.
    readonly Lock line = new();
    volatile IReadOnlyDictionary<string, PeerKind> kinds = new Dictionary<string, PeerKind>();

    // Made when the first span comes: who sends none pays nothing.
    Sink? made;
    long written = -1;

    Sink Made => made ??= new(store, edges, bucketOf, calls, mostWaiting);

    /// <summary>Reads one body with a decoder; the sink it is given must not be kept.</summary>
    public DecodeResult Take<T>(T body, Func<T, ISpanSink, DecodeResult> read)
        where T : allows ref struct
    {
        var now = time.GetUtcNow();
        Enter();
        try
        {
            Made.Advance(now);
            var result = read(body, Made);
            Made.Flush(now);
            return result;
        }
        finally
        {
            gate.Exit();
        }
    }

    /// <summary>Settles what has waited long enough, also while nothing comes; whatever is coming now does that itself.</summary>
    public void Advance()
    {
        if (!gate.TryEnter())
        {
            return;
        }

        try
        {
            made?.Advance(time.GetUtcNow());
        }
        finally
        {
            gate.Exit();
        }
    }

    /// <summary>Hands the windows of ten seconds that have ended since the last time to the series of calls.</summary>
    public void Write()
    {
        Enter();
        try
        {
            var current = time.GetUtcNow().ToUnixTimeSeconds() / CallSeries.Seconds;
            written = written < 0 ? current - 2 : Math.Max(written, current - 25);
            while (written < current - 1)
            {
                made?.Operations.Write(++written, calls);
                written = made is null ? current - 1 : written;
            }
        }
        finally
        {
            gate.Exit();
        }
    }

    /// <summary>The top of a list over a window that ends now.</summary>
    public IReadOnlyList<TopRow> Top(TopOf of, TopBy by, int windowSeconds, int limit, string? service)
    {
        var second = time.GetUtcNow().ToUnixTimeSeconds();
        return Ask(m => m.Operations.Top(of, by, windowSeconds, limit, second, service)) ?? [];
    }

    /// <summary>What each instance of a service did in one window; see <see cref="OperationStatistics.Of"/>.</summary>
    public IReadOnlyList<InstanceWindow> Window(string service, long window) => Ask(m => m.Operations.Of(service, window)) ?? [];

    /// <summary>Which APIs run which statements, over a window that ends now; see <see cref="StatementPaths.Top"/>.</summary>
    public IReadOnlyList<StatementPath> Paths(int windowSeconds, int limit, string? service = null, string? statement = null, string? api = null)
    {
        var second = time.GetUtcNow().ToUnixTimeSeconds();
        return Ask(m => m.Paths.Top(windowSeconds, limit, second, service, statement, api)) ?? [];
    }

    /// <summary>What the nodes are that traces have shown; where bodies keep coming, what they were a moment ago, so that no map waits for a body of many spans.</summary>
    public IReadOnlyDictionary<string, PeerKind> Kinds()
    {
        if (!gate.TryEnter(Brief))
        {
            return kinds;
        }

        try
        {
            if (made?.Joiner is { } joiner)
            {
                kinds = Enumerable.Range(0, joiner.Nodes.Count).ToDictionary(n => joiner.Nodes[n], joiner.KindOf, StringComparer.Ordinal);
            }

            return kinds;
        }
        finally
        {
            gate.Exit();
        }
    }

    /// <summary>What was joined and what was not.</summary>
    public JoinFigures Figures() => Ask(m => new JoinFigures(m.Edges.Calls, m.Joiner.Count, m.Joiner.Orphans, m.Joiner.Hurried, m.Operations.Dropped + m.Paths.Dropped));

    T? Ask<T>(Func<Sink, T> of)
    {
        Enter();
        try
        {
            return made is null ? default : of(made);
        }
        finally
        {
            gate.Exit();
        }
    }

    void Enter()
    {
        lock (line)
        {
            gate.Enter();
        }
    }

    sealed class Sink : ISpanSink
    {
        readonly ITraceStore store;
        readonly byte[] service = new byte[256];
        readonly byte[] statement = new byte[512];
        readonly SpanNames names = new();
        int serviceLength;
        int node;
        long second;

        // The views of the resource live only during Begin: its attributes are kept for the spans that follow in one list of their own.
        readonly ResourceCopy resource = new();

        public Sink(ITraceStore store, EdgeStatistics edges, Func<long, int> bucketOf, CallSeries calls, int mostWaiting)
        {
            this.store = store;
            Joiner = new(mostWaiting);
            Edges = new(Joiner, edges, bucketOf, Operations, calls);
        }

        public SpanJoiner Joiner { get; }

        public OperationStatistics Operations { get; } = new();

        public TracedEdges Edges { get; }

        public StatementPaths Paths { get; } = new();

        public void Advance(DateTimeOffset now)
        {
            second = now.ToUnixTimeSeconds();
            Edges.Second = second;
            Joiner.Advance(second, Edges);
            Paths.Advance(second);
            Edges.Flush(now);
        }

        public void Flush(DateTimeOffset now) => Edges.Flush(now);

        public void Begin(in ResourceView of, in ScopeView scope)
        {
            var name = of.Service;
            name = name.IsEmpty ? "unknown_service"u8 : name;
            serviceLength = Math.Min(name.Length, service.Length);
            name[..serviceLength].CopyTo(service);
            node = Joiner.Service(service.AsSpan(0, serviceLength));
            resource.Take(of);
        }

        public void Span(in SpanView sent)
        {
            var name = service.AsSpan(0, serviceLength);
            var span = names.Of(name, sent) is { IsEmpty: false } better ? sent.Named(better) : sent;
            var isError = span.Status == SpanStatus.Error;
            if (span.Kind is SpanKind.Server or SpanKind.Consumer)
            {
                Operations.Add(TopOf.Operations, name, span.Name, resource.Instance, span.Duration, isError, span.Trace, second);
                Operations.Add(TopOf.Services, name, name, resource.Instance, span.Duration, isError, span.Trace, second);
                Paths.Served(name, span.Name, span.Trace, span.Parent == 0, span.Start, span.Duration, second);
            }
            else if (span.Kind == SpanKind.Client)
            {
                Statement(span, name, isError);
            }

            Joiner.Take(node, span, second, Edges);
            store.Add(resource.View, default, span);
        }

        void Statement(in SpanView span, ReadOnlySpan<byte> name, bool isError)
        {
            var attributes = span.Attributes;
            var system = attributes.TextOf("db.system.name"u8);
            system = system.IsEmpty ? attributes.TextOf("db.system"u8) : system;
            if (system.IsEmpty)
            {
                return;
            }

            var text = attributes.TextOf("db.query.text"u8);
            text = text.IsEmpty ? attributes.TextOf("db.statement"u8) : text;
            text = text.IsEmpty ? attributes.TextOf("db.query.summary"u8) : text;
            text = text.IsEmpty ? span.Name : text;
            var length = Statements.IsByKey(system) ? Statements.PlainCommand(text, statement) : Statements.Plain(text, statement);
            Operations.Add(TopOf.Statements, name, statement.AsSpan(0, length), resource.Instance, span.Duration, isError, span.Trace, second);
            Paths.Ran(name, statement.AsSpan(0, length), span.Trace, span.Duration, isError, second);
        }
    }
}

/// <summary>What joining has come to.</summary>
/// <param name="Calls">Found.</param>
/// <param name="Waiting">Spans that wait for their other half.</param>
/// <param name="Orphans">Halves whose parents did not come.</param>
/// <param name="Hurried">Spans settled before their time, because too many waited.</param>
/// <param name="Uncounted">Numbers dropped because there were too many operations, or pairs of API and statement.</param>
public readonly record struct JoinFigures(long Calls, int Waiting, long Orphans, long Hurried, long Uncounted);
