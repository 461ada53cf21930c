using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Mainstay.Traffic.Path;

namespace Mainstay.Traffic.Drivers.Tls;

/// <summary>An SSL_CTX: a certificate and the terms it is shown on. Connections that began with it keep it alive by themselves.</summary>
internal sealed unsafe class OpenSslContext : SafeHandle
{
    private const int NoAcknowledgement = 3;
    private const int AlertFatal = 2;

    private OpenSslContext(nint context) : base(0, ownsHandle: true) => SetHandle(context);

    public override bool IsInvalid => handle == 0;

    public nint Pointer => handle;

    /// <summary>For a listener; throws <see cref="CryptographicException"/> for files that cannot be used.</summary>
    public static OpenSslContext ForServer(TlsModel model, string certificateFile, string keyFile)
    {
        var context = New(OpenSsl.TLS_server_method(), model.Minimum);
        try
        {
            Check(OpenSsl.SSL_CTX_use_certificate_chain_file(context.handle, certificateFile), "the certificate");
            Check(OpenSsl.SSL_CTX_use_PrivateKey_file(context.handle, keyFile, OpenSsl.PemFile), "the key");
            Check(OpenSsl.SSL_CTX_check_private_key(context.handle), "the pair");
            if (model.Application is null) OpenSsl.SSL_CTX_set_alpn_select_cb(context.handle, &SelectApplication, 0);
            else OpenSsl.SSL_CTX_set_alpn_select_cb(context.handle, &SelectMesh, 0);
            if (model.ClientAuthority is { } authority)
            {
                Check(OpenSsl.SSL_CTX_load_verify_locations(context.handle, authority, null), authority);
                OpenSsl.SSL_CTX_set_client_CA_list(context.handle, OpenSsl.SSL_load_client_CA_file(authority));
                OpenSsl.SSL_CTX_set_verify(context.handle, OpenSsl.VerifyPeer | (model.RequireClient ? OpenSsl.FailIfNoPeerCertificate : 0), 0);
                // A session is resumed only under the terms it was made under.
                fixed (byte* id = "mainstay"u8) Check(OpenSsl.SSL_CTX_set_session_id_context(context.handle, id, 8), "the session id");
            }
            return context;
        }
        catch
        {
            context.Dispose();
            throw;
        }
    }

    /// <summary>Has a handshake that begins with this context ask by which certificate to go on.</summary>
    public void ChooseBy(GCHandle server) => OpenSsl.SetServerName(handle, &SelectCertificate, GCHandle.ToIntPtr(server));

    /// <summary>For connections to endpoints, whose certificates must be for the name and from the given or the system's authorities.</summary>
    /// <param name="authorityFile">Null for the system's.</param>
    /// <param name="certificate">What is shown; null for none.</param>
    /// <param name="application">The protocol that is asked for.</param>
    public static OpenSslContext ForClient(string? authorityFile, CertificateModel? certificate, string application = "http/1.1")
    {
        var context = New(OpenSsl.TLS_client_method(), TlsModel.Tls12);
        try
        {
            if (authorityFile is null) Check(OpenSsl.SSL_CTX_set_default_verify_paths(context.handle), "the system's authorities");
            else Check(OpenSsl.SSL_CTX_load_verify_locations(context.handle, authorityFile, null), authorityFile);
            OpenSsl.SSL_CTX_set_verify(context.handle, OpenSsl.VerifyPeer, 0);
            if (certificate is not null)
            {
                Check(OpenSsl.SSL_CTX_use_certificate_chain_file(context.handle, certificate.Certificate), certificate.Certificate);
                Check(OpenSsl.SSL_CTX_use_PrivateKey_file(context.handle, certificate.Key, OpenSsl.PemFile), certificate.Key);
                Check(OpenSsl.SSL_CTX_check_private_key(context.handle), certificate.Key);
            }
            byte[] asked = [(byte)application.Length, .. System.Text.Encoding.ASCII.GetBytes(application)];
            fixed (byte* names = asked) Check(1 - OpenSsl.SSL_CTX_set_alpn_protos(context.handle, names, (uint)asked.Length), "the protocols");
            return context;
        }
        catch
        {
            context.Dispose();
            throw;
        }
    }

    protected override bool ReleaseHandle()
    {
        OpenSsl.SSL_CTX_free(handle);
        return true;
    }

    private static OpenSslContext New(nint method, string minimum)
    {
        OpenSsl.ERR_clear_error();
        var context = OpenSsl.SSL_CTX_new(method);
        if (context == 0) throw new CryptographicException(OpenSsl.TakeError());
        OpenSsl.SetUp(context, minimum == TlsModel.Tls13 ? 0x0304 : 0x0303);
        return new OpenSslContext(context);
    }

    private static void Check(int result, string what)
    {
        if (result != OpenSsl.Ok) throw new CryptographicException($"{what}: {OpenSsl.TakeError()}");
    }

    /// <summary>RFC 6066 §3.</summary>
    [UnmanagedCallersOnly]
    private static int SelectCertificate(nint ssl, int* alert, nint argument)
    {
        var name = OpenSsl.SSL_get_servername(ssl, 0);
        if (name == 0 || GCHandle.FromIntPtr(argument).Target is not TlsServer server) return NoAcknowledgement;
        if (server.ContextFor(Marshal.PtrToStringUTF8(name) ?? "") is not { } context) return NoAcknowledgement;
        OpenSsl.SSL_set_SSL_CTX(ssl, context.Pointer);
        return 0;
    }

    /// <summary>RFC 7301 §3.2: who does not ask for the mesh is refused.</summary>
    [UnmanagedCallersOnly]
    private static int SelectMesh(nint ssl, byte** chosen, byte* length, byte* offered, uint offeredLength, nint argument)
    {
        var mesh = "mainstay-mesh/1"u8;
        var all = new ReadOnlySpan<byte>(offered, (int)offeredLength);
        for (var at = 0; at < all.Length && at + 1 + all[at] <= all.Length; at += all[at] + 1)
        {
            if (!all.Slice(at + 1, all[at]).SequenceEqual(mesh)) continue;
            *chosen = offered + at + 1;
            *length = (byte)mesh.Length;
            return 0;
        }
        return AlertFatal;
    }

    /// <summary>RFC 7301 §3.2: ours in our order; a client that offers only others is refused.</summary>
    [UnmanagedCallersOnly]
    private static int SelectApplication(nint ssl, byte** chosen, byte* length, byte* offered, uint offeredLength, nint argument)
    {
        var all = new ReadOnlySpan<byte>(offered, (int)offeredLength);
        var second = -1;
        for (var at = 0; at < all.Length; at += all[at] + 1)
        {
            if (at + 1 + all[at] > all.Length) break;
            var name = all.Slice(at + 1, all[at]);
            if (name.SequenceEqual("h2"u8))
            {
                *chosen = offered + at + 1;
                *length = 2;
                return 0;
            }
            if (name.SequenceEqual("http/1.1"u8)) second = at;
        }
        if (second < 0) return all.IsEmpty ? NoAcknowledgement : AlertFatal;
        *chosen = offered + second + 1;
        *length = 8;
        return 0;
    }
}
