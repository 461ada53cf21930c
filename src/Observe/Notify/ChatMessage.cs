using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Mainstay.Core.Kinds.Observe;

namespace Mainstay.Observe.Notify;

/// <summary>What is told of an incident in a chat: in its shape, within its limits, signed where it asks for that, and whether it was taken. Pure.</summary>
public static class ChatMessage
{
    /// <summary>The body that a chat's webhook takes. What is too long for the chat is cut.</summary>
    /// <param name="kind">Whose chat.</param>
    /// <param name="incident">What is told of.</param>
    /// <param name="url">Where the dashboard is; empty where that is not known.</param>
    public static JsonObject Body(ChatKind kind, Incident incident, string url)
    {
        var text = IncidentMessage.Text(incident, url);
        return kind switch
        {
            // Slack reads these three as its own marks. Its limit is 40,000 characters.
            ChatKind.Slack => new() { ["text"] = Cut(text, 30_000).Replace("&", "&amp;", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal).Replace(">", "&gt;", StringComparison.Ordinal) },
            ChatKind.Feishu => new() { ["msg_type"] = "text", ["content"] = new JsonObject { ["text"] = Cut(text, 15_000) } },
            _ => new() { ["msgtype"] = "text", ["text"] = new JsonObject { ["content"] = Cut(text, kind == ChatKind.Wecom ? 2048 : 15_000) } },
        };
    }

    /// <summary>
    /// Signs a message with the secret of a robot. DingTalk wants the time in milliseconds and HMAC-SHA256(secret, time + "\n" + secret) in the query; Feishu the time in seconds and
    /// HMAC-SHA256(time + "\n" + secret, nothing) in the body.
    /// </summary>
    /// <returns>What is added to the query; empty for nothing.</returns>
    public static string Sign(ChatKind kind, JsonObject body, string secret, DateTimeOffset now)
    {
        if (kind == ChatKind.Dingtalk)
        {
            var at = now.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture);
            var sign = Convert.ToBase64String(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), Encoding.UTF8.GetBytes($"{at}\n{secret}")));
            return $"timestamp={at}&sign={Uri.EscapeDataString(sign)}";
        }

        var seconds = now.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        body["timestamp"] = seconds;
        body["sign"] = Convert.ToBase64String(HMACSHA256.HashData(Encoding.UTF8.GetBytes($"{seconds}\n{secret}"), Array.Empty<byte>()));
        return "";
    }

    /// <summary>Why a chat did not take a message although it answered 200; null where it did.</summary>
    public static string? Refusal(ChatKind kind, ReadOnlySpan<byte> answer)
    {
        if (kind == ChatKind.Slack)
        {
            return null;
        }

        try
        {
            var reader = new Utf8JsonReader(answer);
            if (JsonNode.Parse(ref reader) is JsonObject said && (said["errcode"] ?? said["code"]) is JsonValue code && code.TryGetValue<long>(out var number) && number != 0)
            {
                return $"it answered {number} {said["errmsg"] ?? said["msg"]}";
            }

            return null;
        }
        catch (JsonException)
        {
            return "it did not answer with JSON";
        }
    }

    // To bytes of UTF-8, at the end of a whole character.
    static string Cut(string text, int mostBytes)
    {
        if (Encoding.UTF8.GetByteCount(text) <= mostBytes)
        {
            return text;
        }

        const string end = "\n…";
        var (left, length) = (mostBytes - Encoding.UTF8.GetByteCount(end), 0);
        foreach (var rune in text.EnumerateRunes())
        {
            left -= rune.Utf8SequenceLength;
            if (left < 0)
            {
                break;
            }

            length += rune.Utf16SequenceLength;
        }

        return text[..length] + end;
    }
}
