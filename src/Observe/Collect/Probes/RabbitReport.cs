using System.Text.Json;

namespace Mainstay.Observe.Collect.Probes;

/// <summary>Reads the answers of RabbitMQ's management API. Names are those of the OpenTelemetry Collector's rabbitmq receiver.</summary>
public static class RabbitReport
{
    /// <summary>The most queues: those with most messages.</summary>
    public const int MostQueues = 500;

    /// <summary>Reads <c>/api/overview</c>; why it is none, or null.</summary>
    public static string? ReadOverview(ReadOnlyMemory<byte> json, ProbeSamples into) => Read(json, root =>
    {
        if (Member(root, "rabbitmq_version").ValueKind == JsonValueKind.Undefined)
        {
            return "the answer is not that of RabbitMQ's management API";
        }

        var objects = Member(root, "object_totals");
        into.Gauge("rabbitmq.connection.count", "{connection}", Number(objects, "connections"));
        into.Gauge("rabbitmq.channel.count", "{channel}", Number(objects, "channels"));
        into.Gauge("rabbitmq.queue.count", "{queue}", Number(objects, "queues"));
        into.Gauge("rabbitmq.consumer.total", "{consumer}", Number(objects, "consumers"));
        return null;
    });

    /// <summary>Reads <c>/api/nodes</c>; why it is none, or null.</summary>
    public static string? ReadNodes(ReadOnlyMemory<byte> json, ProbeSamples into) => Read(json, root =>
    {
        foreach (var node in Items(root))
        {
            var label = ("rabbitmq.node.name", Text(node, "name"));
            into.Gauge("rabbitmq.node.mem_used", "By", Number(node, "mem_used"), label);
            into.Gauge("rabbitmq.node.mem_limit", "By", Number(node, "mem_limit"), label);
            into.Gauge("rabbitmq.node.mem_alarm", "1", Truth(node, "mem_alarm"), label);
            into.Gauge("rabbitmq.node.disk_free", "By", Number(node, "disk_free"), label);
            into.Gauge("rabbitmq.node.disk_free_alarm", "1", Truth(node, "disk_free_alarm"), label);
            into.Gauge("rabbitmq.node.fd_used", "{file_descriptor}", Number(node, "fd_used"), label);
        }

        return null;
    });

    /// <summary>Reads a page of <c>/api/queues</c>; why it is none, or null.</summary>
    public static string? ReadQueues(ReadOnlyMemory<byte> json, ProbeSamples into) => Read(json, root =>
    {
        foreach (var queue in Items(root).Take(MostQueues))
        {
            var labels = (ReadOnlySpan<(string, string)>)[("rabbitmq.queue.name", Text(queue, "name")), ("rabbitmq.vhost.name", Text(queue, "vhost"))];
            into.Gauge("rabbitmq.message.current", "{message}", Number(queue, "messages_ready"), [.. labels, ("state", "ready")]);
            into.Gauge("rabbitmq.message.current", "{message}", Number(queue, "messages_unacknowledged"), [.. labels, ("state", "unacknowledged")]);
            into.Gauge("rabbitmq.consumer.count", "{consumer}", Number(queue, "consumers"), labels);
            into.Gauge("rabbitmq.queue.memory", "By", Number(queue, "memory"), labels);

            // Absent until something happened to the queue.
            var counts = Member(queue, "message_stats");
            into.Counter("rabbitmq.message.published", "{message}", Number(counts, "publish") ?? 0, labels);
            into.Counter("rabbitmq.message.delivered", "{message}", Number(counts, "deliver_get") ?? 0, labels);
            into.Counter("rabbitmq.message.acknowledged", "{message}", Number(counts, "ack") ?? 0, labels);
            into.Counter("rabbitmq.message.redelivered", "{message}", Number(counts, "redeliver") ?? 0, labels);
        }

        return null;
    });

    static string? Read(ReadOnlyMemory<byte> json, Func<JsonElement, string?> read)
    {
        try
        {
            using var document = JsonDocument.Parse(json, new() { MaxDepth = 32 });
            return read(document.RootElement);
        }
        catch (JsonException)
        {
            return "the answer is not JSON; is the management plug-in enabled (rabbitmq-plugins enable rabbitmq_management)?";
        }
    }

    // Asked for by pages the list is a member, else the whole.
    static IEnumerable<JsonElement> Items(JsonElement root)
    {
        var list = root.ValueKind == JsonValueKind.Object ? Member(root, "items") : root;
        return list.ValueKind == JsonValueKind.Array ? list.EnumerateArray().Where(i => i.ValueKind == JsonValueKind.Object) : [];
    }

    static JsonElement Member(JsonElement of, string name) => of.ValueKind == JsonValueKind.Object && of.TryGetProperty(name, out var found) ? found : default;

    static double? Number(JsonElement of, string name) => Member(of, name) is { ValueKind: JsonValueKind.Number } number && number.TryGetDouble(out var value) ? value : null;

    static double? Truth(JsonElement of, string name) => Member(of, name).ValueKind switch { JsonValueKind.True => 1, JsonValueKind.False => 0, _ => null };

    static string Text(JsonElement of, string name) => Member(of, name) is { ValueKind: JsonValueKind.String } text ? text.GetString()! : "";
}
