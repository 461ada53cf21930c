using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Mainstay.Client.Config;
using Mainstay.Client.Flows;
using Mainstay.Client.Ids;
using Mainstay.Client.Locks;
using Mainstay.Client.Streams;

namespace Mainstay.Client;

/// <summary>What goes to Mainstay and comes back; made at compile time, so that the package works in native programs, too.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(ConfigFeed.Page))]
[JsonSerializable(typeof(FlowRun))]
[JsonSerializable(typeof(IdLease))]
[JsonSerializable(typeof(JsonElement))]
[JsonSerializable(typeof(JsonNode))]
[JsonSerializable(typeof(LockSource.Grant))]
[JsonSerializable(typeof(LockSource.Held))]
[JsonSerializable(typeof(StreamAppended))]
[JsonSerializable(typeof(StreamClient.Place))]
sealed partial class ClientJson : JsonSerializerContext
{
    /// <summary>Said of what takes values of types of the caller's own.</summary>
    public const string OwnTypes = "The value's type is looked at while the program runs. In a trimmed or native program give options with a resolver of your own.";

    /// <summary>A body; null is JSON's null.</summary>
    public static HttpContent Body(JsonNode? json)
    {
        var content = new ByteArrayContent(json is null ? "null"u8.ToArray() : JsonSerializer.SerializeToUtf8Bytes(json, Default.JsonNode));
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json", "utf-8");
        return content;
    }

    /// <summary>A duration as the server reads it.</summary>
    public static string Milliseconds(TimeSpan time) => $"{(long)time.TotalMilliseconds}ms";
}
