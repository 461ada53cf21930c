using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Mainstay.Traffic.Drivers.Tls;

/// <summary>A certificate with its key, from two PEM files that are read again when they change. A bad new file keeps what is there.</summary>
internal sealed class CertificateFiles(string certificateFile, string keyFile)
{
    private readonly FileStamps stamps = new(certificateFile, keyFile);
    private volatile LoadedCertificate? current;

    public string CertificateFile => certificateFile;

    public string KeyFile => keyFile;

    /// <summary>What is in use; null when there never was a usable one.</summary>
    public LoadedCertificate? Current => current;

    /// <summary>What is wrong with the files as they are now; null when nothing is.</summary>
    public string? Problem { get; private set; }

    /// <summary>Tells of the certificate's end.</summary>
    public CertificateWatch Watch { get; } = new("gateway/gateway", certificateFile);

    /// <summary>Looks whether the files have changed and reads them if so. True when another certificate is in use now.</summary>
    public bool Refresh()
    {
        if (!stamps.HaveChanged()) return false;
        try
        {
            var read = LoadedCertificate.Read(certificateFile, keyFile);
            Problem = null;
            if (read.Thumbprint == current?.Thumbprint) return false;
            current = read;
            return true;
        }
        catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException or ArgumentException)
        {
            Problem = $"certificate {certificateFile} with key {keyFile} cannot be used{(current is null ? "" : "; the one before stays")}: {e.Message}";
            return false;
        }
    }
}

/// <summary>A usable certificate: the leaf with its key, what stands between it and its root, and the names it is good for.</summary>
internal sealed class LoadedCertificate
{
    private LoadedCertificate(X509Certificate2 leaf, X509Certificate2Collection chain)
    {
        (NotBefore, NotAfter) = (leaf.NotBefore.ToUniversalTime(), leaf.NotAfter.ToUniversalTime());
        Thumbprint = leaf.GetCertHashString(HashAlgorithmName.SHA256);
        Names = NamesOf(leaf);
        Context = SslStreamCertificateContext.Create(leaf, chain, offline: true);
    }

    public string Thumbprint { get; }

    public DateTimeOffset NotBefore { get; }

    public DateTimeOffset NotAfter { get; }

    /// <summary>Lower-case DNS names, a wildcard as <c>*.name</c>.</summary>
    public IReadOnlyList<string> Names { get; }

    public SslStreamCertificateContext Context { get; }

    /// <summary>Reads PEM files; throws for anything that cannot be used.</summary>
    public static LoadedCertificate Read(string certificateFile, string keyFile)
    {
        var leaf = X509Certificate2.CreateFromPemFile(certificateFile, keyFile);
        var chain = new X509Certificate2Collection();
        chain.ImportFromPemFile(certificateFile);
        return new LoadedCertificate(leaf, [.. chain.Skip(1)]);
    }

    /// <summary>RFC 6125 §6.4: exactly, or the wildcard for one label; the name is lower case.</summary>
    public bool Covers(string name)
    {
        var dot = name.IndexOf('.', StringComparison.Ordinal);
        foreach (var own in Names)
        {
            if (own == name) return true;
            if (dot > 0 && own.StartsWith("*.", StringComparison.Ordinal) && own.AsSpan(1).SequenceEqual(name.AsSpan(dot))) return true;
        }
        return false;
    }

    private static string[] NamesOf(X509Certificate2 leaf)
    {
        var alternatives = leaf.Extensions.OfType<X509SubjectAlternativeNameExtension>().SelectMany(names => names.EnumerateDnsNames()).ToArray();
        var names = alternatives.Length > 0 ? alternatives : [leaf.GetNameInfo(X509NameType.DnsName, forIssuer: false)];
        return [.. names.Select(name => name.ToLowerInvariant())];
    }
}
