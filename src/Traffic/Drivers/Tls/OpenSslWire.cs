using System.Net;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Mainstay.Traffic.Path;

namespace Mainstay.Traffic.Drivers.Tls;

/// <summary>
/// TLS over another wire by OpenSSL itself, with its two ends in memory. A receive uses the caller's own buffer for what arrives, so an idle
/// connection holds nothing but the library's state, and nothing is allocated per receive or send.
/// </summary>
/// <remarks>The library's state belongs to one thread at a time: a lock is held for each call of it and never across a wait.</remarks>
internal sealed class OpenSslWire : Wire
{
    // A slice of plain bytes whose record fits the usual buffer, with room for alerts that wait to be sent.
    private const int Slice = Buffers.Usual - 512;
    private readonly Wire inner;
    private readonly bool isClient;
    private readonly Lock gate = new();
    private readonly nint incoming;
    private readonly nint outgoing;
    private nint ssl;
    private bool isSending;
    private bool isEnded;
    private bool isReady;

    // Whether something that arrived is not read yet; where it is not, a receive need not ask first.
    private bool hasUnread = true;
    private WireFacts facts = new("", "", "", null);

    private OpenSslWire(Wire inner, OpenSslContext context, bool isClient)
    {
        this.inner = inner;
        this.isClient = isClient;
        ssl = OpenSsl.SSL_new(context.Pointer);
        incoming = OpenSsl.BIO_new(OpenSsl.BIO_s_mem());
        outgoing = OpenSsl.BIO_new(OpenSsl.BIO_s_mem());
        OpenSsl.SSL_set_bio(ssl, incoming, outgoing);
        GC.KeepAlive(context);
    }

    public override IPEndPoint? Peer => inner.Peer;

    public override WireFacts Facts => facts;

    public override int Lane => inner.Lane;

    public override bool WaitsWithoutBuffer => inner.WaitsWithoutBuffer;

    public override bool IsReadable => inner.IsReadable;

    public override bool IsEnded => inner.IsEnded;

    public static OpenSslWire Server(Wire inner, OpenSslContext context)
    {
        var wire = new OpenSslWire(inner, context, isClient: false);
        OpenSsl.SSL_set_accept_state(wire.ssl);
        return wire;
    }

    /// <summary>A client that takes no certificate but one for a name.</summary>
    /// <param name="inner">What is secured.</param>
    /// <param name="context">The terms.</param>
    /// <param name="name">What the certificate must be for.</param>
    /// <param name="asked">What is asked for (SNI); null for the same name.</param>
    public static OpenSslWire Client(Wire inner, OpenSslContext context, string name, string? asked = null)
    {
        var wire = new OpenSslWire(inner, context, isClient: true);
        OpenSsl.SSL_set_connect_state(wire.ssl);
        OpenSsl.SSL_set1_host(wire.ssl, name);
        asked ??= name;
        if (!IPAddress.TryParse(asked, out _)) OpenSsl.SetHostName(wire.ssl, asked);
        return wire;
    }

    /// <summary>Null when the handshake succeeded, else why not. The costly steps run in the thread pool, not on an event loop.</summary>
    public async Task<string?> HandshakeAsync()
    {
        var buffer = Buffers.Rent();
        try
        {
            while (true)
            {
                var step = Step(buffer, out var length, out var failure);
                while (length > 0)
                {
                    if (await inner.SendAsync(buffer.AsMemory(0, length)) < 0) return "the connection broke";
                    length = Drain(buffer);
                }
                if (failure is not null) return failure;
                if (step) return null;
                var received = await inner.ReceiveAsync(buffer);
                if (received <= 0) return "the connection ended";
                await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
                if (!Feed(buffer.AsSpan(0, received))) return "the connection was closed";
            }
        }
        finally
        {
            Buffers.Return(buffer);
        }
    }

    public override ValueTask<int> ReadableAsync() => hasUnread ? new ValueTask<int>(0) : inner.ReadableAsync();

    [AsyncMethodBuilder(typeof(ReusedTask<>))]
    public override async ValueTask<int> ReceiveAsync(Memory<byte> into)
    {
        while (true)
        {
            var plain = Decrypt(into.Span, out var more);
            if (!more) return plain;
            var received = await inner.ReceiveAsync(into);
            if (received < 0) return Broken;
            // RFC 8446 §6.1: an end without close_notify is a cut. For requests, their framing says whether they are whole.
            if (received == 0) return isClient ? Broken : 0;
            if (!Feed(into.Span[..received])) return Broken;
        }
    }

    [AsyncMethodBuilder(typeof(ReusedTask<>))]
    public override async ValueTask<int> SendAsync(ReadOnlyMemory<byte> bytes)
    {
        var buffer = Buffers.Rent();
        try
        {
            for (var at = 0; at < bytes.Length; at += Slice)
            {
                var length = Encrypt(bytes.Span.Slice(at, Math.Min(Slice, bytes.Length - at)), buffer);
                while (length > 0)
                {
                    if (await inner.SendAsync(buffer.AsMemory(0, length)) < 0) return Broken;
                    length = EndSend(buffer, isFull: length == buffer.Length);
                }
                if (length < 0) return Broken;
            }
            return bytes.Length;
        }
        finally
        {
            Buffers.Return(buffer);
        }
    }

    public override void EndSending()
    {
        SayGoodbye();
        inner.EndSending();
    }

    public override void GoOn(IResumable what) => inner.GoOn(what);

    public override void Soon(IResumable what) => inner.Soon(what);

    public override void StopReceiving() => inner.StopReceiving();

    public override void Close(bool reset = false)
    {
        if (!reset) SayGoodbye();
        inner.Close(reset);
        lock (gate)
        {
            if (ssl == 0) return;
            // Frees both ends with it.
            OpenSsl.SSL_free(ssl);
            ssl = 0;
        }
    }

    /// <summary>One step of the handshake: true when it is done. What is to be sent is in the buffer, whatever the outcome.</summary>
    private bool Step(byte[] buffer, out int length, out string? failure)
    {
        length = 0;
        failure = null;
        lock (gate)
        {
            if (ssl == 0)
            {
                failure = "the connection was closed";
                return false;
            }
            OpenSsl.ERR_clear_error();
            var result = OpenSsl.SSL_do_handshake(ssl);
            if (result != OpenSsl.Ok && OpenSsl.SSL_get_error(ssl, result) != OpenSsl.WantRead) failure = OpenSsl.TakeError();
            if (result == OpenSsl.Ok)
            {
                isReady = true;
                facts = Gather();
            }
            length = TakeOutgoing(buffer);
            return result == OpenSsl.Ok;
        }
    }

    private int Drain(byte[] buffer)
    {
        lock (gate) return ssl == 0 ? 0 : TakeOutgoing(buffer);
    }

    private unsafe bool Feed(ReadOnlySpan<byte> bytes)
    {
        lock (gate)
        {
            if (ssl == 0) return false;
            hasUnread = true;
            fixed (byte* from = bytes) return OpenSsl.BIO_write(incoming, from, bytes.Length) == bytes.Length;
        }
    }

    /// <summary>Plain bytes, 0 at the end, or <see cref="Wire.Broken"/>; or <paramref name="more"/> must arrive.</summary>
    private unsafe int Decrypt(Span<byte> into, out bool more)
    {
        more = !hasUnread;
        if (more) return 0;
        lock (gate)
        {
            if (ssl == 0) return Broken;
            // The library tells errors by a queue of the thread, which others use too.
            OpenSsl.ERR_clear_error();
            int result;
            fixed (byte* at = into) result = OpenSsl.SSL_read(ssl, at, into.Length);
            if (result > 0)
            {
                hasUnread = result == into.Length || OpenSsl.Pending(incoming) > 0;
                return result;
            }
            switch (OpenSsl.SSL_get_error(ssl, result))
            {
                case OpenSsl.WantRead:
                    more = true;
                    hasUnread = false;
                    return 0;
                case OpenSsl.ZeroReturn:
                    return 0;
                default:
                    OpenSsl.ERR_clear_error();
                    isEnded = true;
                    return Broken;
            }
        }
    }

    /// <summary>Begins a send: the record's first bytes are in the buffer. Negative when the connection is closed.</summary>
    private unsafe int Encrypt(ReadOnlySpan<byte> plain, byte[] buffer)
    {
        lock (gate)
        {
            if (ssl == 0 || isEnded) return Broken;
            int written;
            fixed (byte* from = plain) written = OpenSsl.SSL_write(ssl, from, plain.Length);
            if (written != plain.Length)
            {
                OpenSsl.ERR_clear_error();
                return Broken;
            }
            isSending = true;
            return TakeOutgoing(buffer);
        }
    }

    /// <summary>What is left to send, else 0 and the send is over.</summary>
    private int EndSend(byte[] buffer, bool isFull)
    {
        lock (gate)
        {
            if (ssl == 0) return Broken;
            var length = isFull ? TakeOutgoing(buffer) : 0;
            if (length == 0) isSending = false;
            return length;
        }
    }

    private unsafe int TakeOutgoing(byte[] buffer)
    {
        fixed (byte* into = buffer) return Math.Max(OpenSsl.BIO_read(outgoing, into, buffer.Length), 0);
    }

    /// <summary>RFC 8446 §6.1: close_notify, once, where nothing is on its way; a peer that does not take it is not waited for.</summary>
    private void SayGoodbye()
    {
        var buffer = Buffers.Rent();
        int length;
        lock (gate)
        {
            length = 0;
            if (ssl != 0 && isReady && !isEnded && !isSending)
            {
                isEnded = true;
                _ = OpenSsl.SSL_shutdown(ssl);
                OpenSsl.ERR_clear_error();
                length = TakeOutgoing(buffer);
            }
        }
        _ = FinishAsync(inner, buffer, length);
    }

    private static async Task FinishAsync(Wire inner, byte[] buffer, int length)
    {
        if (length > 0) await inner.SendAsync(buffer.AsMemory(0, length));
        Buffers.Return(buffer);
    }

    private unsafe WireFacts Gather()
    {
        byte* application;
        uint length;
        OpenSsl.SSL_get0_alpn_selected(ssl, &application, &length);
        var name = OpenSsl.SSL_get_servername(ssl, 0);
        using var peer = CertificateOfPeer();
        return new WireFacts(
            OpenSsl.SSL_version(ssl) == 0x0304 ? "1.3" : "1.2",
            length == 0 ? "" : Encoding.ASCII.GetString(application, (int)length),
            name == 0 ? "" : Marshal.PtrToStringUTF8(name) ?? "",
            peer?.Subject)
        {
            PeerKey = KeyOf(peer),
            PeerUntil = peer?.NotAfter.ToUniversalTime() ?? default,
        };
    }

    /// <summary>What <see cref="WireFacts.PeerKey"/> says of a certificate.</summary>
    internal static string? KeyOf(X509Certificate2? certificate) =>
        certificate is null ? null : Convert.ToHexStringLower(SHA256.HashData(certificate.PublicKey.ExportSubjectPublicKeyInfo()));

    private unsafe X509Certificate2? CertificateOfPeer()
    {
        var peer = OpenSsl.SSL_get1_peer_certificate(ssl);
        if (peer == 0) return null;
        var der = new byte[OpenSsl.i2d_X509(peer, null)];
        fixed (byte* at = der)
        {
            var into = at;
            _ = OpenSsl.i2d_X509(peer, &into);
        }
        OpenSsl.X509_free(peer);
        return X509CertificateLoader.LoadCertificate(der);
    }
}
