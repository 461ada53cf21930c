using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Traffic.Policies;

namespace Mainstay.Traffic.Path.Guards;

/// <summary>Signed requests (RFC 9421): each is verified anew, and its nonce is taken once.</summary>
internal sealed class HmacWay(HmacSpec spec, KeySource<HmacBook> source, ReplayWindow nonces) : Way("hmac")
{
    private readonly long windowSeconds = (long)spec.Window.TotalSeconds;

    public override string? Problem => source.Problem;

    public override IEnumerable<string> Headers => ["Signature", "Signature-Input"];

    public override string Challenge(string realm, Shown shown, string why) => $"Signature realm=\"{realm}\"";

    public override bool TryProve(Exchange x, out Proof proof)
    {
        proof = Proof.Nothing;
        var at = 0;
        if (!x.Request.Next(x.HeadBytes, ref at, "signature-input"u8, out _)) return true;
        if (!x.Body.IsComplete || x.Body.Buffered > spec.Body.Bytes) return false;
        proof = Prove(x, takes: true);
        return true;
    }

    public override async ValueTask<Proof> ProveAsync(Exchange x)
    {
        x.Reason = await BodyIntake.ReceiveAsync(x, (int)spec.Body.Bytes);
        return x.Reason == Reason.None ? Prove(x, takes: true) : Proof.Unavailable("its body cannot be had");
    }

    public override Proof Peek(Exchange x)
    {
        var at = 0;
        return !x.Request.Next(x.HeadBytes, ref at, "signature-input"u8, out _) ? Proof.Nothing : x.Body.IsComplete ? Prove(x, takes: false) : Proof.Unavailable("its body would have to arrive first");
    }

    private Proof Prove(Exchange x, bool takes)
    {
        // 1. What is signed, by which secret and when; what must be covered is.
        if (source.Current is not { } book) return Proof.Unavailable("there are no secrets");
        var head = x.HeadBytes;
        Span<byte> signature = stackalloc byte[96];
        if (!x.Request.Only(head, "signature-input"u8, out var input) || !x.Request.Only(head, "signature"u8, out var value)
            || value.Length > 128 || !HttpSignature.TryRead(input.Of(head), value.Of(head), out var read, signature))
        {
            return Proof.Bad("the signature is malformed");
        }
        if (read.KeyId.IsEmpty || read.Nonce.Length is < 8 or > 128 || read.Created < 0) return Proof.Bad("the signature has no keyid, nonce of 8 to 128 characters, or created");
        if (!CoversAll(ref read, x.Request.HasBody)) return Proof.Bad("the signature does not cover method, authority, path, query and body");
        var now = x.Connection.Gateway.Time.GetUtcNow().ToUnixTimeSeconds();
        if (read.Created > now + windowSeconds) return Proof.Bad("the signature is from the future");
        if (read.Created < now - windowSeconds || read.Expires <= now) return Proof.Expired("the signature has expired");

        // 2. The signature over exactly that.
        var buffer = Buffers.Rent();
        Identity? identity = null;
        if (TryWriteBase(x, ref read, buffer, out var length)) identity = book.Verify(read.KeyId, buffer.AsSpan(0, length), signature[..32]);
        Buffers.Return(buffer);
        if (identity is null) return Proof.Bad("the signature is wrong");

        // 3. The body is the one that was signed, and this is the first time.
        if (x.Request.HasBody && !HasDigest(x, head)) return Proof.Bad("the content is not what its digest says");
        if (!takes) return Proof.Good(identity, DateTimeOffset.MaxValue);
        return nonces.TryTake(NonceOf(ref read), x.NowMs) ? Proof.Good(identity, DateTimeOffset.MaxValue) : Proof.Bad("the signature was used before");
    }

    private static bool CoversAll(ref HttpSignature read, bool hasBody)
    {
        if (hasBody && !read.Covers("content-digest"u8)) return false;
        if (!read.Covers("@method"u8)) return false;
        if (read.Covers("@target-uri"u8)) return true;
        return read.Covers("@authority"u8) && (read.Covers("@request-target"u8) || (read.Covers("@path"u8) && read.Covers("@query"u8)));
    }

    /// <summary>RFC 9421 §2.5.</summary>
    private static bool TryWriteBase(Exchange x, ref HttpSignature read, byte[] buffer, out int length)
    {
        length = 0;
        var head = x.HeadBytes;
        // What a head and its parameters can grow to, with the names once more.
        if (head.Length + read.Parameters.Length * 2 + 512 > buffer.Length) return false;
        var writer = new HeadWriter(buffer);
        for (var index = 0; index < read.Components; index++)
        {
            var name = read.Component(index);
            writer.Add("\""u8);
            writer.Add(name);
            writer.Add("\": "u8);
            if (!(name[0] == '@' ? AddDerived(ref writer, x, name, head, buffer) : AddField(ref writer, x.Request, name, head))) return false;
            writer.Add("\n"u8);
            if (writer.Length > buffer.Length / 2) return false;
        }
        writer.Add("\"@signature-params\": "u8);
        writer.Add(read.Parameters);
        length = writer.Length;
        return true;
    }

    /// <summary>RFC 9421 §2.2.</summary>
    private static bool AddDerived(ref HeadWriter writer, Exchange x, ReadOnlySpan<byte> name, ReadOnlySpan<byte> head, byte[] buffer)
    {
        var request = x.Request;
        var target = request.Target.Of(head);
        if (name.SequenceEqual("@method"u8)) writer.Add(request.Method.Of(head));
        else if (name.SequenceEqual("@request-target"u8)) writer.Add(target);
        else if (name.SequenceEqual("@path"u8)) writer.Add(request.Path.Of(head));
        else if (name.SequenceEqual("@scheme"u8)) writer.Add(SchemeOf(x));
        else if (name.SequenceEqual("@authority"u8)) AddAuthority(ref writer, x, head, buffer);
        else if (name.SequenceEqual("@query"u8)) writer.Add(target.Length == request.Path.Length ? "?"u8 : target[request.Path.Length..]);
        else if (name.SequenceEqual("@target-uri"u8))
        {
            writer.Add(SchemeOf(x));
            writer.Add("://"u8);
            AddAuthority(ref writer, x, head, buffer);
            writer.Add(target);
        }
        else return false;
        return true;
    }

    private static ReadOnlySpan<byte> SchemeOf(Exchange x) => x.Client.Facts is null ? "http"u8 : "https"u8;

    /// <summary>RFC 9421 §2.2.3: lower case, without the scheme's own port.</summary>
    private static void AddAuthority(ref HeadWriter writer, Exchange x, ReadOnlySpan<byte> head, byte[] buffer)
    {
        var host = x.Request.Host.Of(head);
        var port = x.Client.Facts is null ? ":80"u8 : ":443"u8;
        if (host.EndsWith(port)) host = host[..^port.Length];
        var from = writer.Length;
        writer.Add(host);
        Ascii.ToLowerInPlace(buffer.AsSpan(from, host.Length), out _);
    }

    /// <summary>RFC 9421 §2.1: the values of all lines, joined.</summary>
    private static bool AddField(ref HeadWriter writer, RequestHead request, ReadOnlySpan<byte> name, ReadOnlySpan<byte> head)
    {
        var (at, isFirst) = (0, true);
        while (request.Next(head, ref at, name, out var value))
        {
            if (!isFirst) writer.Add(", "u8);
            writer.Add(value.Of(head));
            isFirst = false;
        }
        return !isFirst;
    }

    /// <summary>RFC 9530 §2 with sha-256 or sha-512, the only member.</summary>
    private static bool HasDigest(Exchange x, ReadOnlySpan<byte> head)
    {
        if (!x.Request.Only(head, "content-digest"u8, out var piece)) return false;
        var value = piece.Of(head);
        var is256 = value.StartsWith("sha-256=:"u8);
        if (!is256 && !value.StartsWith("sha-512=:"u8)) return false;
        Span<byte> told = stackalloc byte[96];
        if (value[^1] != ':' || value.Length > 9 + 96 || Base64.DecodeFromUtf8(value[9..^1], told, out _, out var length) != System.Buffers.OperationStatus.Done) return false;
        var content = BodyIntake.Content(x, out var rented);
        Span<byte> computed = stackalloc byte[64];
        var size = is256 ? SHA256.HashData(content.Span, computed) : SHA512.HashData(content.Span, computed);
        if (rented is not null) Buffers.Return(rented);
        return CryptographicOperations.FixedTimeEquals(told[..length], computed[..size]);
    }

    private static UInt128 NonceOf(ref HttpSignature read)
    {
        Span<byte> both = stackalloc byte[260];
        read.KeyId.CopyTo(both);
        both[read.KeyId.Length] = 0;
        read.Nonce.CopyTo(both[(read.KeyId.Length + 1)..]);
        Span<byte> hash = stackalloc byte[32];
        SHA256.HashData(both[..(read.KeyId.Length + 1 + read.Nonce.Length)], hash);
        return System.Buffers.Binary.BinaryPrimitives.ReadUInt128LittleEndian(hash);
    }
}
