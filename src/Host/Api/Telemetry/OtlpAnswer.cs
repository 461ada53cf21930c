using System.Text;
using Mainstay.Core.Kinds;
using Mainstay.Observe.Ingest.Model;

namespace Mainstay.Host.Api.Telemetry;

/// <summary>Writes what an OTLP endpoint answers, as protobuf or JSON: an Export…ServiceResponse, or a google.rpc.Status.</summary>
static class OtlpAnswer
{
    public const int RetryAfterSeconds = 1;

    // gRPC's codes.
    public const int InvalidArgument = 3;
    public const int ResourceExhausted = 8;
    public const int Unimplemented = 12;
    public const int Unavailable = 14;
    public const int Unauthenticated = 16;

    /// <summary>Empty where everything was taken, for <c>partial_success</c> is then unset; else {rejected 1, error_message 2} in field 1.</summary>
    public static byte[] Success(DecodeResult result)
    {
        if (result.Refused == 0)
        {
            return [];
        }

        var partial = new MemoryStream();
        partial.WriteByte(0x08);
        Varint(partial, (ulong)result.Refused);
        Field(partial, 2, Encoding.UTF8.GetBytes(result.Message));
        var answer = new MemoryStream();
        Field(answer, 1, partial.ToArray());
        return answer.ToArray();
    }

    /// <summary>The same as JSON; 64-bit numbers are strings.</summary>
    public static byte[] SuccessJson(DecodeResult result, string rejected) => result.Refused == 0
        ? "{}"u8.ToArray()
        : Codec.Encode(new { partialSuccess = new Dictionary<string, string> { [rejected] = $"{result.Refused}", ["errorMessage"] = result.Message } });

    /// <summary>A google.rpc.Status {code 1, message 2, details 3}; with a RetryInfo among the details where it is worth trying again.</summary>
    public static byte[] Status(int code, string message, bool retry)
    {
        var status = new MemoryStream();
        status.WriteByte(0x08);
        Varint(status, (ulong)code);
        Field(status, 2, Encoding.UTF8.GetBytes(message));
        if (retry)
        {
            // RetryInfo {retry_delay 1 {seconds 1}} in an Any {type_url 1, value 2}.
            var any = new MemoryStream();
            Field(any, 1, "type.googleapis.com/google.rpc.RetryInfo"u8);
            Field(any, 2, [0x0a, 0x02, 0x08, RetryAfterSeconds]);
            Field(status, 3, any.ToArray());
        }

        return status.ToArray();
    }

    /// <summary>The same as JSON, for HTTP.</summary>
    public static byte[] StatusJson(int code, string message) => Codec.Encode(new { code, message });

    static void Field(MemoryStream into, int field, ReadOnlySpan<byte> bytes)
    {
        into.WriteByte((byte)((field << 3) | 2));
        Varint(into, (ulong)bytes.Length);
        into.Write(bytes);
    }

    static void Varint(MemoryStream into, ulong value)
    {
        for (; value >= 0x80; value >>= 7)
        {
            into.WriteByte((byte)(value | 0x80));
        }

        into.WriteByte((byte)value);
    }
}
