using System.Globalization;
using System.Text;
using System.Text.Json;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.State;

namespace Mainstay.State.Queues;

/// <summary>
/// Messages as CloudEvents 1.0: the attributes are kept as one JSON object, the data as it came. Of the extensions, <c>partitionkey</c> is the key within
/// which order is kept, <c>priority</c> a digit, <c>delay</c> a duration; others travel along.
/// </summary>
public static class CloudEvents
{
    /// <summary>Of one event in JSON.</summary>
    public const string MediaType = "application/cloudevents+json";

    /// <summary>Of several events in one JSON array.</summary>
    public const string BatchMediaType = "application/cloudevents-batch+json";

    /// <summary>Events of one request.</summary>
    public const int MostOfBatch = 5_000;

    const int MostAttributes = 50;
    const int MostValue = 1_000;
    const int MostKey = 200;

    /// <summary>An event in binary mode, or a body that is none: attributes by name, and the data. Null with a reason where it is wrong.</summary>
    public static NewMessage? Read(IEnumerable<KeyValuePair<string, string>> attributes, string? contentType, byte[] data, out string why)
    {
        var all = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in attributes)
            all[name.ToLowerInvariant()] = Uri.UnescapeDataString(value);
        if (contentType is { Length: > 0 })
            all["datacontenttype"] = contentType;
        if (!Knows(all, isEvent: all.Keys.Any(k => k != "datacontenttype"), out why))
            return null;
        if (IsJson(contentType) && !IsValidJson(data))
        {
            why = $"the body is declared as {contentType} and is no JSON";
            return null;
        }

        return Make(all.Select(a => (a.Key, (object)a.Value)), all, data, out why);
    }

    /// <summary>An event in JSON. Null with a reason where it is wrong.</summary>
    public static NewMessage? Read(JsonElement json, out string why)
    {
        if (json.ValueKind != JsonValueKind.Object)
        {
            why = "an event is a JSON object";
            return null;
        }

        var (all, typed) = (new Dictionary<string, string>(StringComparer.Ordinal), new List<(string, object)>());
        byte[]? data = null;
        JsonElement? value = null;
        foreach (var member in json.EnumerateObject())
        {
            switch (member.Name, member.Value.ValueKind)
            {
                case ("data_base64", JsonValueKind.String) when member.Value.TryGetBytesFromBase64(out data):
                case (_, JsonValueKind.Null):
                    break;
                case ("data", _):
                    value = member.Value;
                    break;
                case ("data_base64", _) or (_, JsonValueKind.Object or JsonValueKind.Array):
                    why = $"the member '{member.Name}' is not what an event may have there";
                    return null;
                default:
                    all[member.Name] = member.Value.ToString();
                    typed.Add((member.Name, member.Value.Clone()));
                    break;
            }
        }

        if (value is { } inline)
        {
            var isText = inline.ValueKind == JsonValueKind.String && all.GetValueOrDefault("datacontenttype") is { } type && !IsJson(type);
            data = Encoding.UTF8.GetBytes(isText ? inline.GetString()! : inline.GetRawText());
            if (all.TryAdd("datacontenttype", "application/json"))
                typed.Add(("datacontenttype", "application/json"));
        }

        else if (data is not null && IsJson(all.GetValueOrDefault("datacontenttype")) && !IsValidJson(data))
        {
            why = $"'data_base64' is declared as {all["datacontenttype"]} and is no JSON";
            return null;
        }

        return Knows(all, isEvent: true, out why) ? Make(typed, all, data ?? [], out why) : null;
    }

    /// <summary>The event of a stored message, as a JSON object.</summary>
    public static void Write(Utf8JsonWriter writer, StoredMessage message, string queue)
    {
        using var head = JsonDocument.Parse(message.Head);
        writer.WriteStartObject();
        var type = "";
        foreach (var member in Attributes(head.RootElement, message, queue))
        {
            writer.WritePropertyName(member.Name);
            if (member.Value is JsonElement element)
                element.WriteTo(writer);
            else
                writer.WriteStringValue((string)member.Value);
            type = member.Name == "datacontenttype" ? member.Value.ToString()! : type;
        }

        WriteData(writer, type, message.Body.Span);
        writer.WriteEndObject();
    }

    /// <summary>The event of these attributes, which say that they are one, and this data, as a JSON object.</summary>
    public static void Write(Utf8JsonWriter writer, ReadOnlyMemory<byte> head, ReadOnlyMemory<byte> body)
    {
        using var attributes = JsonDocument.Parse(head);
        writer.WriteStartObject();
        foreach (var member in attributes.RootElement.EnumerateObject())
            member.WriteTo(writer);
        WriteData(writer, attributes.RootElement.TryGetProperty("datacontenttype", out var type) ? type.ToString() : "", body.Span);
        writer.WriteEndObject();
    }

    /// <summary>The attributes of a stored message as text, without that of its content type, and the content type.</summary>
    public static (IReadOnlyList<(string Name, string Value)> Attributes, string? ContentType) Describe(StoredMessage message, string queue)
    {
        using var head = JsonDocument.Parse(message.Head);
        var all = Attributes(head.RootElement, message, queue).Select(a => (a.Name, Value: a.Value.ToString()!)).ToArray();
        return ([.. all.Where(a => a.Name != "datacontenttype")], all.FirstOrDefault(a => a.Name == "datacontenttype").Value);
    }

    // A message that came without attributes gets those that an event needs.
    static IEnumerable<(string Name, object Value)> Attributes(JsonElement head, StoredMessage message, string queue)
    {
        if (!head.TryGetProperty("specversion", out _))
        {
            yield return ("specversion", "1.0");
            yield return ("id", message.Id.ToString(CultureInfo.InvariantCulture));
            yield return ("source", "/queues/" + queue);
            yield return ("type", "message");
            yield return ("time", message.At.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture));
        }

        foreach (var member in head.EnumerateObject())
            yield return (member.Name, member.Value);
    }

    static void WriteData(Utf8JsonWriter writer, string contentType, ReadOnlySpan<byte> data)
    {
        if (data.IsEmpty)
            return;
        if (IsJson(contentType))
        {
            writer.WritePropertyName("data");
            // Checked when it came in.
            writer.WriteRawValue(data, skipInputValidation: true);
        }
        else if (contentType.StartsWith("text/", StringComparison.OrdinalIgnoreCase) && System.Text.Unicode.Utf8.IsValid(data))
        {
            writer.WriteString("data", data);
        }
        else
        {
            writer.WriteBase64String("data_base64", data);
        }
    }

    static bool Knows(Dictionary<string, string> all, bool isEvent, out string why)
    {
        why = "";
        if (all.Count > MostAttributes)
            why = $"{all.Count} attributes are more than {MostAttributes}";
        else if (all.FirstOrDefault(a => a.Key.Length is 0 or > 40 || a.Key == "data" || !a.Key.All(c => c is (>= 'a' and <= 'z') or (>= '0' and <= '9'))) is { Key: { } name })
            why = $"'{(name.Length > 40 ? name[..40] : name)}' is no name of an attribute; use lower-case letters and digits, at most 40";
        else if (all.FirstOrDefault(a => a.Value.Length > MostValue || a.Value.Any(char.IsControl)) is { Key: { } longer })
            why = $"the attribute '{longer}' is longer than {MostValue} characters, or has control characters";
        else if (isEvent && all.GetValueOrDefault("specversion") != "1.0")
            why = "the attribute 'specversion' is not 1.0";
        else if (isEvent && new[] { "id", "source", "type" }.FirstOrDefault(n => all.GetValueOrDefault(n) is not { Length: > 0 }) is { } missing)
            why = $"the attribute '{missing}' is missing";
        return why.Length == 0;
    }

    static NewMessage? Make(IEnumerable<(string Name, object Value)> typed, Dictionary<string, string> all, byte[] data, out string why)
    {
        why = "";
        var key = all.GetValueOrDefault("partitionkey");
        var (priority, delay) = (0, TimeSpan.Zero);
        if (key is { Length: 0 or > MostKey })
            why = $"the attribute 'partitionkey' has {key.Length} characters; 1 to {MostKey} are possible";
        else if (all.TryGetValue("priority", out var digit) && (!int.TryParse(digit, NumberStyles.None, CultureInfo.InvariantCulture, out priority) || priority > MessageQueueSpec.HighestPriority))
            why = $"'{digit}' is no priority; 0 to {MessageQueueSpec.HighestPriority} are possible";
        else if (all.TryGetValue("delay", out var text) && (!Durations.TryParse(text, out delay) || delay > MessageQueueSpec.LongestDelay))
            why = $"'{text}' is no delay; a duration like 10s, up to {Durations.Format(MessageQueueSpec.LongestDelay)}, is possible";
        if (why.Length > 0)
            return null;
        return new()
        {
            DedupeId = all.ContainsKey("specversion") ? all["source"] + "\n" + all["id"] : null,
            Key = key,
            Priority = priority,
            Delay = delay,
            Type = all.GetValueOrDefault("type", ""),
            Head = Encode(typed.Where(t => t.Name is not ("priority" or "delay"))),
            Body = data,
        };
    }

    static byte[] Encode(IEnumerable<(string Name, object Value)> attributes)
    {
        using var into = new MemoryStream();
        using (var writer = new Utf8JsonWriter(into))
        {
            writer.WriteStartObject();
            foreach (var (name, value) in attributes)
            {
                writer.WritePropertyName(name);
                if (value is JsonElement element)
                    element.WriteTo(writer);
                else
                    writer.WriteStringValue((string)value);
            }

            writer.WriteEndObject();
        }

        return into.ToArray();
    }

    static bool IsJson(string? contentType)
    {
        var type = (contentType ?? "").Split(';')[0].Trim();
        return type.Equals("application/json", StringComparison.OrdinalIgnoreCase) || type.EndsWith("+json", StringComparison.OrdinalIgnoreCase);
    }

    static bool IsValidJson(byte[] data)
    {
        try
        {
            var reader = new Utf8JsonReader(data);
            while (reader.Read())
            {
            }

            return data.Length > 0;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
