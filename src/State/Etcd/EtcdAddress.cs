using System.Buffers;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Mainstay.State.Etcd;

/// <summary>
/// Reads a store's address: <c>etcd://[USER@]HOST:PORT[,HOST:PORT…][/PREFIX]</c>, or <c>etcds://</c> for TLS with
/// <c>?ca=FILE&amp;cert=FILE&amp;key=FILE</c>. The password comes from elsewhere, as addresses are seen in lists of processes.
/// </summary>
public static class EtcdAddress
{
    /// <summary>Most members.</summary>
    const int MostEndpoints = 16;

    const int LongestPrefix = 128;

    static readonly SearchValues<char> PrefixChars = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./");

    /// <summary>Whether an address means a store in etcd.</summary>
    public static bool Is(string address) =>
        address.StartsWith("etcd://", StringComparison.OrdinalIgnoreCase) || address.StartsWith("etcds://", StringComparison.OrdinalIgnoreCase);

    /// <summary>The options that an address means, or null with everything that is wrong with it.</summary>
    public static EtcdStoreOptions? Read(string address, string? password, ICollection<string> problems)
    {
        if (!Is(address))
        {
            problems.Add($"'{address}' is no address of a store; write etcd://HOST:PORT,HOST:PORT/PREFIX");
            return null;
        }

        var before = problems.Count;
        var secure = address.StartsWith("etcds", StringComparison.OrdinalIgnoreCase);
        var rest = address[(address.IndexOf("://", StringComparison.Ordinal) + 3)..];
        var (head, query) = Cut(rest, '?');
        var (authority, prefix) = Cut(head, '/');
        string? user = null;
        if (authority.Contains('@', StringComparison.Ordinal))
        {
            (user, authority) = Cut(authority, '@');
            if (user.Contains(':', StringComparison.Ordinal))
                problems.Add("an address holds no password, as others see it in the list of processes; set MAINSTAY_STORE_PASSWORD");
            else if (password is null)
                problems.Add($"the user '{user}' has no password; set MAINSTAY_STORE_PASSWORD");
        }

        var options = new EtcdStoreOptions
        {
            Endpoints = Endpoints(authority, secure ? "https" : "http", problems),
            Prefix = Prefix(prefix, problems),
            User = user,
            Password = user is null ? null : password,
        };
        options = Tls(options, query, secure, problems);
        return problems.Count == before ? options : null;
    }

    static List<Uri> Endpoints(string authority, string scheme, ICollection<string> problems)
    {
        var endpoints = new List<Uri>();
        foreach (var part in authority.Split(',', StringSplitOptions.TrimEntries))
        {
            if (Uri.TryCreate($"{scheme}://{part}", UriKind.Absolute, out var uri) && uri.Authority.Length > 0 && HasPort(part) && uri is { PathAndQuery: "/", UserInfo: "" })
                endpoints.Add(uri);
            else
                problems.Add($"'{part}' is no member of etcd; write HOST:PORT, where etcd's port is usually 2379");
        }

        if (endpoints.Count > MostEndpoints)
            problems.Add($"the address names {endpoints.Count} members; at most {MostEndpoints} are allowed");
        if (endpoints.Distinct().Count() != endpoints.Count)
            problems.Add("the address names a member twice; name each once");
        return endpoints;
    }

    static bool HasPort(string part) =>
        part.LastIndexOf(':') is >= 0 and var colon && ushort.TryParse(part.AsSpan(colon + 1), out var port) && port > 0;

    static string Prefix(string text, ICollection<string> problems)
    {
        var prefix = text.Trim('/');
        if (prefix.Length == 0)
            return "mainstay";
        if (prefix.Length > LongestPrefix || prefix.AsSpan().ContainsAnyExcept(PrefixChars))
            problems.Add($"the prefix '{prefix}' is not 1 to {LongestPrefix} letters, digits, '-', '_', '.' and '/'; choose another");
        return prefix;
    }

    static EtcdStoreOptions Tls(EtcdStoreOptions options, string query, bool secure, ICollection<string> problems)
    {
        string? ca = null, cert = null, key = null;
        foreach (var pair in query.Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var (name, value) = Cut(pair, '=');
            value = Uri.UnescapeDataString(value);
            switch (name)
            {
                case "ca":
                    ca = value;
                    break;
                case "cert":
                    cert = value;
                    break;
                case "key":
                    key = value;
                    break;
                default:
                    problems.Add($"'{name}' is nothing that an address of a store says; ca, cert and key are");
                    break;
            }
        }

        if (!secure && query.Length > 0)
            problems.Add("ca, cert and key are for TLS; write etcds:// instead of etcd://");
        if (cert is null != key is null)
            problems.Add("cert and key belong together; give both or neither");
        try
        {
            if (ca is not null)
            {
                var authorities = new X509Certificate2Collection();
                authorities.ImportFromPemFile(ca);
                options = options with { Authorities = authorities };
            }

            if (cert is not null && key is not null)
                options = options with { Certificate = X509Certificate2.CreateFromPemFile(cert, key) };
        }
        catch (Exception failed) when (failed is IOException or CryptographicException or UnauthorizedAccessException)
        {
            problems.Add($"the certificates of the store cannot be read: {failed.Message}; give files in PEM form");
        }

        return options;
    }

    static (string Before, string After) Cut(string text, char at) =>
        text.IndexOf(at, StringComparison.Ordinal) is >= 0 and var index ? (text[..index], text[(index + 1)..]) : (text, "");
}
