using System.Text;
using Mainstay.Traffic.Policies;

namespace Mainstay.Traffic.Path;

/// <summary>A response's head. As strict as a request's: an upstream that blurs where its answer ends could have it taken for another's.</summary>
internal sealed class ResponseHead : MessageHead
{
    public int Status { get; private set; }

    /// <summary>The reason phrase; may be empty.</summary>
    public Piece Phrase { get; private set; }

    public bool HasRequestId { get; private set; }

    /// <summary>The body is a stream of server-sent events or of gRPC messages, which may be silent for long.</summary>
    public bool IsEventStream { get; private set; }

    /// <summary>The lowest level that the service admits, as it says; 0 where it says nothing.</summary>
    public int Admit { get; private set; }

    /// <summary>1xx but not 101: another head follows.</summary>
    public bool IsInterim => Status is >= 100 and < 200 and not 101;

    public override void Reset()
    {
        base.Reset();
        Status = Admit = 0;
        Phrase = default;
        HasRequestId = IsEventStream = false;
    }

    /// <summary>RFC 9112 §4: HTTP-version SP status-code SP [reason-phrase]; the last space may be missing.</summary>
    protected override bool TakeStartLine(ReadOnlySpan<byte> bytes, Piece line)
    {
        var text = line.Of(bytes);
        if (text.Length < 12 || text[8] != ' ') return false;
        if (text[..8].SequenceEqual("HTTP/1.1"u8)) Minor = 1;
        else if (!text[..8].SequenceEqual("HTTP/1.0"u8)) return false;
        var (a, b, c) = (text[9] - '0', text[10] - '0', text[11] - '0');
        if (a is < 1 or > 9 || b is < 0 or > 9 || c is < 0 or > 9) return false;
        Status = a * 100 + b * 10 + c;
        if (text.Length == 12) return true;
        if (text[12] != ' ') return false;
        foreach (var letter in text[13..])
        {
            if (letter is < 0x20 and not (byte)'\t' or 0x7F) return false;
        }
        Phrase = new Piece(line.Start + 13, line.Length - 13);
        return true;
    }

    protected override bool Take(HeaderName name, ReadOnlySpan<byte> bytes, Piece value)
    {
        if (name == HeaderName.RequestId) HasRequestId = true;
        if (name == HeaderName.AdmitLevel) Admit = Math.Max(0, Levels.Parse(value.Of(bytes)));
        if (name == HeaderName.ContentType)
        {
            var type = value.Of(bytes);
            IsEventStream = (type.Length >= 17 && Ascii.EqualsIgnoreCase(type[..17], "text/event-stream"u8)) || type.StartsWith("application/grpc"u8);
        }
        return true;
    }

    protected override bool IsCut(HeaderName name) => name is HeaderName.Connection or HeaderName.KeepAlive
        or HeaderName.ProxyConnection or HeaderName.ProxyAuthenticate or HeaderName.Upgrade or HeaderName.AdmitLevel;

    protected override bool Finish(ReadOnlySpan<byte> bytes)
    {
        if (Chunked && ContentLength >= 0) return false;
        // RFC 9112 §6.1: no Transfer-Encoding in a response that has no body by its status.
        return !Chunked || (Status >= 200 && Status != 204);
    }
}
