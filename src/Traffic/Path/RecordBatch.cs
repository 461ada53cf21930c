using System.Text.Json;
using System.Text.Json.Serialization;

namespace Mainstay.Traffic.Path;

/// <summary>What a gateway saw since its last batch, and how it stands.</summary>
/// <param name="Gateway">The gateway's id: one per host. Its processes follow each other, and are told apart by <see cref="Run"/>.</param>
/// <param name="Sequence">1, 2, 3 … of a process; a gap shows that batches were dropped.</param>
/// <param name="TableRevision">The table that is live. A batch is sent at once after each change: it is the acknowledgement.</param>
/// <param name="BoundListeners">Names of the listeners that accept.</param>
/// <param name="FailedListeners">Those that could not be opened; tried again with each table and once a second.</param>
/// <param name="Problems">What could not be used of the table; the rest of it is live.</param>
/// <param name="Records">Only series that moved.</param>
/// <param name="InFlight">Requests under way per instance, where there are any.</param>
/// <param name="Ejected">Instances that could not be connected to and are left alone for now.</param>
/// <param name="Connections">Open client connections.</param>
/// <param name="DroppedBatches">Batches dropped since the start because the server was away for longer than a minute.</param>
public sealed record RecordBatch(
    string Gateway,
    long Sequence,
    long TableRevision,
    IReadOnlyList<string> BoundListeners,
    IReadOnlyList<FailedListener> FailedListeners,
    IReadOnlyList<string> Problems,
    IReadOnlyList<TrafficRecord> Records,
    IReadOnlyDictionary<string, int> InFlight,
    IReadOnlyList<string> Ejected,
    int Connections,
    long DroppedBatches)
{
    /// <summary>Process id of the gateway.</summary>
    public int Pid { get; init; }

    /// <summary>A word of the process's own, which no other has.</summary>
    public string Run { get; init; } = "";

    /// <summary>When it was taken: a batch that waited for the server is about then, not about its arrival.</summary>
    public DateTimeOffset At { get; init; }

    /// <summary>How the policies stand that have something to tell.</summary>
    public IReadOnlyList<PolicyReport> Policies { get; init; } = [];

    /// <summary>What happened since the last batch.</summary>
    public IReadOnlyList<Notice> Notices { get; init; } = [];

    /// <summary>What browsers have reported since the last batch, as it came. At most <see cref="ReportBox.MostBytes"/>.</summary>
    public IReadOnlyList<string> Reports { get; init; } = [];

    /// <summary>Reports of browsers since the last batch for which there was no room.</summary>
    public long DroppedReports { get; init; }

    /// <summary>Reads a batch from its wire form.</summary>
    public static RecordBatch FromJson(string json) =>
        JsonSerializer.Deserialize(json, TrafficJson.Default.RecordBatch) ?? throw new JsonException("The batch is null.");

    /// <summary>The batch as JSON.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, TrafficJson.Default.RecordBatch);
}

/// <summary>A listener that could not be opened.</summary>
public sealed record FailedListener(string Name, int Port, string Error);

/// <summary>The requests of one series within a batch.</summary>
/// <param name="Listener">The listener's name.</param>
/// <param name="Caller">The calling service of a mesh listener.</param>
/// <param name="Route">The route's name; null in the mesh and for requests that no route matched.</param>
/// <param name="Service">Where it went; null if nowhere.</param>
/// <param name="Instance">The instance that answered; null if none did.</param>
/// <param name="Version">The instance's version.</param>
/// <param name="Requests">Requests that ended, however.</param>
/// <param name="Succeeded">Answered with 2xx.</param>
/// <param name="Redirected">Answered with 3xx.</param>
/// <param name="ClientErrors">Answered with 4xx.</param>
/// <param name="ServerErrors">Answered with 5xx, by the instance or by the gateway in its place.</param>
/// <param name="Informational">Switched protocols (101).</param>
/// <param name="Retries">Further attempts that these requests took.</param>
/// <param name="BytesIn">Bytes received from clients.</param>
/// <param name="BytesOut">Bytes sent to clients.</param>
/// <param name="LatencyMicros">Sum of all latencies in microseconds.</param>
/// <param name="Latency">Pairs of bucket (see <see cref="LatencyBuckets"/>) and count, flattened; only buckets that moved.</param>
/// <param name="Reasons">Count per reason where the gateway answered itself or an exchange was cut short, such as <c>upstream-timeout</c>.</param>
public sealed record TrafficRecord(
    string Listener,
    string? Caller,
    string? Route,
    string? Service,
    string? Instance,
    string? Version,
    long Requests,
    long Informational,
    long Succeeded,
    long Redirected,
    long ClientErrors,
    long ServerErrors,
    long Retries,
    long BytesIn,
    long BytesOut,
    long LatencyMicros,
    IReadOnlyList<long> Latency,
    IReadOnlyDictionary<string, long> Reasons)
{
    /// <summary>Requests for this instance that the other version of a release took because it could not be reached; counted there, and not among <see cref="Requests"/>.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long TakenOver { get; init; }
}

/// <summary>The file that tells that a gateway is ready.</summary>
public sealed record ReadyFile(int Pid, long Revision);
