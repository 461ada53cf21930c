using System.Text;

namespace Mainstay.Traffic.Path.Http2;

/// <summary>RFC 7541 appendix A, numbered from 1.</summary>
internal static class HpackStatic
{
    public const int Count = 61;
    public const int Status = 8;

    private const string Text =
        """
        :authority
        :method GET
        :method POST
        :path /
        :path /index.html
        :scheme http
        :scheme https
        :status 200
        :status 204
        :status 206
        :status 304
        :status 400
        :status 404
        :status 500
        accept-charset
        accept-encoding gzip, deflate
        accept-language
        accept-ranges
        accept
        access-control-allow-origin
        age
        allow
        authorization
        cache-control
        content-disposition
        content-encoding
        content-language
        content-length
        content-location
        content-range
        content-type
        cookie
        date
        etag
        expect
        expires
        from
        host
        if-match
        if-modified-since
        if-none-match
        if-range
        if-unmodified-since
        last-modified
        link
        location
        max-forwards
        proxy-authenticate
        proxy-authorization
        range
        referer
        refresh
        retry-after
        server
        set-cookie
        strict-transport-security
        transfer-encoding
        user-agent
        vary
        via
        www-authenticate
        """;

    private const int Slots = 256;
    private static readonly (byte[] Name, byte[] Value)[] Entries = Read();
    private static readonly byte[] ByHash = Index();

    public static ReadOnlySpan<byte> NameOf(int index) => Entries[index - 1].Name;

    public static ReadOnlySpan<byte> ValueOf(int index) => Entries[index - 1].Value;

    /// <summary>The first entry of a name in lower case; 0 where there is none.</summary>
    /// <param name="name">The name.</param>
    /// <param name="hash">Its <see cref="HpackTable.HashOf"/>.</param>
    public static int Find(ReadOnlySpan<byte> name, uint hash)
    {
        for (var slot = hash % Slots; ByHash[slot] != 0; slot = (slot + 1) % Slots)
        {
            if (name.SequenceEqual(Entries[ByHash[slot] - 1].Name)) return ByHash[slot];
        }
        return 0;
    }

    private static (byte[], byte[])[] Read() =>
    [
        .. Text.Split('\n').Select(line => line.TrimEnd('\r').Split(' ', 2)).Select(parts => (Encoding.ASCII.GetBytes(parts[0]), Encoding.ASCII.GetBytes(parts.Length > 1 ? parts[1] : ""))),
    ];

    private static byte[] Index()
    {
        var slots = new byte[Slots];
        for (var index = 1; index <= Count; index++)
        {
            var name = Entries[index - 1].Name;
            var slot = HpackTable.HashOf(name) % Slots;
            while (slots[slot] != 0 && !Entries[slots[slot] - 1].Name.AsSpan().SequenceEqual(name)) slot = (slot + 1) % Slots;
            if (slots[slot] == 0) slots[slot] = (byte)index;
        }
        return slots;
    }
}
