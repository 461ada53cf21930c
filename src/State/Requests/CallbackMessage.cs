using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Mainstay.Core.Requests;

namespace Mainstay.State.Requests;

/// <summary>What is told of an end and how it is signed: Standard Webhooks, version 1 with HMAC-SHA256 (<c>v1</c>).</summary>
public static class CallbackMessage
{
    const string KeyMark = "whsec_";

    /// <summary>The same in each try of one end, so that a receiver tells repetitions apart: <c>webhook-id</c>.</summary>
    public static string IdOf(TakenCallback call) => string.Create(CultureInfo.InvariantCulture, $"{call.Request.Id}.{call.Turn}");

    /// <summary>How a request came to its end, in the words that its client is told.</summary>
    public static string StateOf(ShownRequest request) => request.State switch
    {
        RequestState.Answered => request.Status < 400 ? "succeeded" : "failed",
        var state => state.ToString().ToLowerInvariant(),
    };

    /// <summary>The body: JSON with <c>type</c>, <c>timestamp</c> and <c>data</c>; what the service answered is text where it is UTF-8, and base64 where not.</summary>
    public static byte[] Write(TakenCallback call, string answerPath)
    {
        var request = call.Request;
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteString("type", "request." + StateOf(request));
            json.WriteString("timestamp", call.Since);
            json.WriteStartObject("data");
            json.WriteString("id", request.Id);
            json.WriteString("route", request.Route);
            if (request.Key is not null)
                json.WriteString("key", request.Key);
            json.WriteString("state", StateOf(request));
            json.WriteString("at", request.At);
            json.WriteNumber("attempts", request.Attempts);
            if (request.Why is not null)
                json.WriteString("why", request.Why);
            if (request is { State: RequestState.Answered, Answer: { } answer })
                WriteAnswer(json, answer, answerPath);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    /// <summary><c>webhook-signature</c> of a body.</summary>
    /// <param name="secret"><c>whsec_</c> and base64, or any text, whose UTF-8 is the key.</param>
    /// <param name="id"><c>webhook-id</c>.</param>
    /// <param name="atSeconds"><c>webhook-timestamp</c>, in seconds since 1970.</param>
    /// <param name="body">As it is sent.</param>
    public static string Sign(string secret, string id, long atSeconds, ReadOnlySpan<byte> body)
    {
        using var hash = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, KeyOf(secret));
        hash.AppendData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{id}.{atSeconds}.")));
        hash.AppendData(body);
        return "v1," + Convert.ToBase64String(hash.GetHashAndReset());
    }

    static void WriteAnswer(Utf8JsonWriter json, KeptAnswer answer, string path)
    {
        json.WriteString("answer", path);
        json.WriteNumber("status", answer.Status);
        if (TypeOf(answer.Lines.Span) is { } type)
            json.WriteString("contentType", type);
        // Too large to be kept: how it ended is told all the same.
        if (!answer.IsWhole)
            json.WriteBoolean("isKept", false);
        else if (System.Text.Unicode.Utf8.IsValid(answer.Body.Span))
            json.WriteString("body", answer.Body.Span);
        else
            json.WriteBase64String("bodyBase64", answer.Body.Span);
    }

    static byte[] KeyOf(string secret)
    {
        var bytes = new byte[secret.Length];
        return secret.StartsWith(KeyMark, StringComparison.Ordinal) && Convert.TryFromBase64String(secret[KeyMark.Length..], bytes, out var length) ? bytes[..length] : Encoding.UTF8.GetBytes(secret);
    }

    static string? TypeOf(ReadOnlySpan<byte> lines)
    {
        foreach (var line in Encoding.Latin1.GetString(lines).Split("\r\n"))
        {
            if (line.StartsWith("content-type:", StringComparison.OrdinalIgnoreCase))
                return line[13..].Trim();
        }

        return null;
    }
}
