using System.Runtime.InteropServices;
using System.Text;

namespace Mainstay.Traffic.Drivers.Tls;

/// <summary>The part of OpenSSL 3's interface that we use. Signatures are those of its manual pages.</summary>
internal static unsafe partial class OpenSsl
{
    public const int Ok = 1;
    public const int WantRead = 2;
    public const int ZeroReturn = 6;
    public const int VerifyPeer = 1;
    public const int FailIfNoPeerCertificate = 2;
    public const int PemFile = 1;

    private const string Ssl = "libssl.so.3";
    private const string Crypto = "libcrypto.so.3";
    private const int ControlMode = 33;
    private const int ControlCacheMode = 44;
    private const int ControlServerNameCallback = 53;
    private const int ControlServerNameArgument = 54;
    private const int ControlHostName = 55;
    private const int ControlMinimum = 123;
    private const int ControlPending = 10;
    private const int ReleaseBuffers = 0x10;
    private const ulong NoRenegotiation = 1UL << 30;

    /// <summary>Whether the library is there in a version with this interface.</summary>
    public static bool IsThere { get; } = NativeLibrary.TryLoad(Ssl, out _) && NativeLibrary.TryLoad(Crypto, out _);

    /// <summary>What the library says went wrong first on this thread; forgets it.</summary>
    public static string TakeError()
    {
        var code = ERR_get_error();
        ERR_clear_error();
        if (code == 0) return "unknown";
        Span<byte> text = stackalloc byte[256];
        fixed (byte* at = text) ERR_error_string_n(code, at, 256);
        text = text[..Math.Max(text.IndexOf((byte)0), 0)];
        // error:0A000086:SSL routines::certificate verify failed
        return Encoding.UTF8.GetString(text[(text.LastIndexOf((byte)':') + 1)..]);
    }

    public static void SetUp(nint context, int minimum)
    {
        SSL_CTX_ctrl(context, ControlMode, ReleaseBuffers, 0);
        // Tickets resume sessions without a cache of ours.
        SSL_CTX_ctrl(context, ControlCacheMode, 0, 0);
        SSL_CTX_ctrl(context, ControlMinimum, minimum, 0);
        SSL_CTX_set_options(context, NoRenegotiation);
    }

    public static void SetServerName(nint context, delegate* unmanaged<nint, int*, nint, int> callback, nint argument)
    {
        SSL_CTX_callback_ctrl(context, ControlServerNameCallback, (nint)callback);
        SSL_CTX_ctrl(context, ControlServerNameArgument, 0, argument);
    }

    public static void SetHostName(nint ssl, string name)
    {
        var text = Marshal.StringToCoTaskMemUTF8(name);
        SSL_ctrl(ssl, ControlHostName, 0, text);
        Marshal.FreeCoTaskMem(text);
    }

    public static int Pending(nint bio) => (int)BIO_ctrl(bio, ControlPending, 0, 0);

    [LibraryImport(Ssl)] public static partial nint TLS_server_method();

    [LibraryImport(Ssl)] public static partial nint TLS_client_method();

    [LibraryImport(Ssl)] public static partial nint SSL_CTX_new(nint method);

    [LibraryImport(Ssl)] public static partial void SSL_CTX_free(nint context);

    [LibraryImport(Ssl)] private static partial nint SSL_CTX_ctrl(nint context, int command, nint number, nint argument);

    [LibraryImport(Ssl)] private static partial nint SSL_CTX_callback_ctrl(nint context, int command, nint callback);

    [LibraryImport(Ssl)] private static partial nint SSL_ctrl(nint ssl, int command, nint number, nint argument);

    [LibraryImport(Ssl)] private static partial ulong SSL_CTX_set_options(nint context, ulong options);

    [LibraryImport(Ssl, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int SSL_CTX_use_certificate_chain_file(nint context, string file);

    [LibraryImport(Ssl, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int SSL_CTX_use_PrivateKey_file(nint context, string file, int type);

    [LibraryImport(Ssl)] public static partial int SSL_CTX_check_private_key(nint context);

    [LibraryImport(Ssl, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int SSL_CTX_load_verify_locations(nint context, string? file, string? folder);

    [LibraryImport(Ssl)] public static partial int SSL_CTX_set_default_verify_paths(nint context);

    [LibraryImport(Ssl, StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint SSL_load_client_CA_file(string file);

    [LibraryImport(Ssl)] public static partial void SSL_CTX_set_client_CA_list(nint context, nint list);

    [LibraryImport(Ssl)] public static partial void SSL_CTX_set_verify(nint context, int mode, nint callback);

    [LibraryImport(Ssl)] public static partial int SSL_CTX_set_session_id_context(nint context, byte* id, uint length);

    [LibraryImport(Ssl)]
    public static partial void SSL_CTX_set_alpn_select_cb(
        nint context, delegate* unmanaged<nint, byte**, byte*, byte*, uint, nint, int> callback, nint argument);

    [LibraryImport(Ssl)] public static partial int SSL_CTX_set_alpn_protos(nint context, byte* names, uint length);

    [LibraryImport(Ssl)] public static partial nint SSL_new(nint context);

    [LibraryImport(Ssl)] public static partial void SSL_free(nint ssl);

    [LibraryImport(Ssl)] public static partial nint SSL_set_SSL_CTX(nint ssl, nint context);

    [LibraryImport(Ssl)] public static partial nint SSL_get_servername(nint ssl, int type);

    [LibraryImport(Ssl)] public static partial void SSL_set_bio(nint ssl, nint read, nint write);

    [LibraryImport(Ssl)] public static partial void SSL_set_accept_state(nint ssl);

    [LibraryImport(Ssl)] public static partial void SSL_set_connect_state(nint ssl);

    [LibraryImport(Ssl, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int SSL_set1_host(nint ssl, string name);

    [LibraryImport(Ssl)] public static partial int SSL_do_handshake(nint ssl);

    [LibraryImport(Ssl)] public static partial int SSL_read(nint ssl, byte* into, int count);

    [LibraryImport(Ssl)] public static partial int SSL_write(nint ssl, byte* from, int count);

    [LibraryImport(Ssl)] public static partial int SSL_shutdown(nint ssl);

    [LibraryImport(Ssl)] public static partial int SSL_get_error(nint ssl, int result);

    [LibraryImport(Ssl)] public static partial int SSL_version(nint ssl);

    [LibraryImport(Ssl)] public static partial nint SSL_get1_peer_certificate(nint ssl);

    [LibraryImport(Ssl)] public static partial void SSL_get0_alpn_selected(nint ssl, byte** name, uint* length);

    [LibraryImport(Crypto)] public static partial nint BIO_s_mem();

    [LibraryImport(Crypto)] public static partial nint BIO_new(nint method);

    [LibraryImport(Crypto)] public static partial int BIO_read(nint bio, byte* into, int count);

    [LibraryImport(Crypto)] public static partial int BIO_write(nint bio, byte* from, int count);

    [LibraryImport(Crypto)] private static partial nint BIO_ctrl(nint bio, int command, nint number, nint argument);

    [LibraryImport(Crypto)] private static partial ulong ERR_get_error();

    [LibraryImport(Crypto)] public static partial void ERR_clear_error();

    [LibraryImport(Crypto)] private static partial void ERR_error_string_n(ulong code, byte* into, nuint count);

    [LibraryImport(Crypto)] public static partial int i2d_X509(nint certificate, byte** into);

    [LibraryImport(Crypto)] public static partial void X509_free(nint certificate);
}
