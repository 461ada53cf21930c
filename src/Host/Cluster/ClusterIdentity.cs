using System.Security.Cryptography.X509Certificates;
using Mainstay.Host.Security;
using Mainstay.State.Etcd;

namespace Mainstay.Host.Cluster;

/// <summary>
/// What a server shows the others and by what it knows them. The cluster has an authority of its own: whoever has a certificate of it may do everything in etcd, so that hosts, which
/// another authority signs, may not.
/// </summary>
public sealed class ClusterIdentity(string folder, ClusterPlace place, TimeProvider time)
{
    readonly Lock gate = new();
    X509Certificate2? current;

    public NodeAuthority Authority { get; } = NodeAuthority.Open(AuthorityFolder(folder), time);

    public string AuthorityFile => Path.Combine(AuthorityFolder(folder), "ca.pem");

    /// <summary>Certificate and key in one file, so that they are never of two different times; etcd reads it anew for each connection.</summary>
    public string File => Path.Combine(folder, "tls", "identity.pem");

    public static string AuthorityFolder(string folder) => Path.Combine(folder, "ca");

    /// <summary>Whether there is an authority already, by founding or joining.</summary>
    public static bool Exists(string folder) => System.IO.File.Exists(Path.Combine(AuthorityFolder(folder), "ca.pem"));

    /// <summary>The certificate as it is now; made, and renewed when a third of its life is left or the address is another.</summary>
    public X509Certificate2 Current()
    {
        lock (gate)
        {
            current ??= System.IO.File.Exists(File) ? X509Certificate2.CreateFromPemFile(File, File) : null;
            var now = time.GetUtcNow().UtcDateTime;
            if (current is not null && now + ((current.NotAfter - current.NotBefore) / 3) < current.NotAfter.ToUniversalTime() && current.MatchesHostname(place.End.Address.ToString()))
                return current;
            Directory.CreateDirectory(Path.GetDirectoryName(File)!, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            SecretFile.Write(File, Authority.MakeMember(place.Name, place.End.Address));
            return current = X509Certificate2.CreateFromPemFile(File, File);
        }
    }

    /// <summary>How members are talked to.</summary>
    public EtcdStoreOptions Options() => new()
    {
        Endpoints = [place.Client],
        Authorities = [X509CertificateLoader.LoadCertificateFromFile(AuthorityFile)],
        Identity = Current,
        Time = time,
    };
}
