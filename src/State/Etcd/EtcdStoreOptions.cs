using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography.X509Certificates;

namespace Mainstay.State.Etcd;

/// <summary>Where a store lies in etcd, and how much of it is kept.</summary>
public sealed record EtcdStoreOptions
{
    /// <summary>The members' client addresses, <c>http</c> or <c>https</c>, all of one scheme. The next is asked where one does not answer.</summary>
    public required IReadOnlyList<Uri> Endpoints { get; init; }

    /// <summary>Asked for the members before each call, where they come and go; null where they are always <see cref="Endpoints"/>. Never gives none.</summary>
    public Func<IReadOnlyList<Uri>>? Members { get; init; }

    /// <summary>
    /// Asked before each operation why nothing can be decided now; null, or an answer of null, where that is not known to be so. While it is, reads answer
    /// with what was known last, and commits are refused at once with this reason.
    /// </summary>
    public Func<string?>? Outage { get; init; }

    /// <summary>Every key of the store begins with this and a slash (default <c>mainstay</c>; 1 to 128 letters, digits, <c>-</c>, <c>_</c>, <c>.</c> and <c>/</c>).</summary>
    public string Prefix { get; init; } = "mainstay";

    /// <summary>The user, where etcd asks for one; null for none.</summary>
    public string? User { get; init; }

    /// <summary>The user's password. Never shown.</summary>
    public string? Password { get; init; }

    /// <summary>Who may have signed the members' certificates; null is whoever the system trusts.</summary>
    public X509Certificate2Collection? Authorities { get; init; }

    /// <summary>The certificate that is shown to the members; null for none.</summary>
    public X509Certificate2? Certificate { get; init; }

    /// <summary>As <see cref="Certificate"/>, asked for each connection, where it is renewed from time to time.</summary>
    public Func<X509Certificate2>? Identity { get; init; }

    /// <summary>History kept for watches, in revisions (default 10,000; at least 1).</summary>
    public int KeepRevisions { get; init; } = 10_000;

    /// <summary>History kept for watches, in bytes of keys and values (default 64 MiB).</summary>
    public long KeepBytes { get; init; } = 64L << 20;

    /// <summary>Current entries are held in memory, at most so many bytes of them (default 512 MiB); a commit that would pass it is refused.</summary>
    public long MaxBytes { get; init; } = 512L << 20;

    /// <summary>The newest commits held in memory for watches that keep up, in revisions (default 4,096, and at most 16 MiB).</summary>
    public int RecentRevisions { get; init; } = 4_096;

    /// <summary>After how long without a sign this store counts as gone for the others, in whole seconds (default 10 s; 2 s to 10 min).</summary>
    public TimeSpan SessionTtl { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long an operation is tried at all members before its caller is told that the store does not answer (default 10 s).</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The clock of the leases.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>The store's name in messages: its endpoints and prefix, without secrets.</summary>
    [SuppressMessage("Design", "CA1024", Justification = "Computed.")]
    public string Name => $"etcd://{string.Join(',', Now.Select(e => e.Authority))}/{Prefix}";

    /// <summary>The members as they are now.</summary>
    internal IReadOnlyList<Uri> Now => Members?.Invoke() ?? Endpoints;

    /// <inheritdoc/>
    public override string ToString() => Name;
}
