using System.Security.Cryptography;
using System.Text.Json;
using Mainstay.Core.Kinds;
using Mainstay.Core.Store;

namespace Mainstay.State.Secrets;

/// <summary>
/// What the store says of the keys that its secrets are sealed with, so that no server seals or opens with others.
/// <list type="number">
/// <item>A key is in the store before anything is sealed with it: by a digest of it, and in a cluster itself, sealed by a key that only the cluster's servers have.</item>
/// <item>A server of the cluster that has not all of them takes them from there, at its first use.</item>
/// <item>A server that cannot get them refuses, as long as there are secrets: it would make new keys under the numbers of the old ones.</item>
/// </list>
/// </summary>
/// <param name="store">The store of the secrets.</param>
/// <param name="ring">This server's keys.</param>
/// <param name="cluster">32 bytes that the servers of a cluster share and nobody else has; null where there is no cluster.</param>
sealed class KeyShare(IStore store, KeyRing ring, byte[]? cluster)
{
    /// <summary>Where it is. No resource: no list or watch shows it.</summary>
    public const string Key = "sealing/keys";

    const string SealedFor = "keys of secrets";
    const int Tries = 8;

    readonly Lock gate = new();
    Task? readying;

    /// <summary>Has the keys that the store's secrets are sealed with.</summary>
    /// <exception cref="SecretsUnavailableException">They are not to be had; why, and what to do.</exception>
    public Task ReadyAsync(CancellationToken stop)
    {
        // Once for all who ask, whichever of them gives up.
        lock (gate)
        {
            readying = readying is null or { IsFaulted: true } ? MakeReadyAsync() : readying;
            return readying.WaitAsync(stop);
        }
    }

    async Task MakeReadyAsync()
    {
        var entry = await store.GetAsync(Key);
        var said = entry is null ? null : Read(entry);
        if (said is not null && !ring.Covers(said.Digests))
        {
            if (Opened(said) is { } whole)
            {
                ring.Take(whole);
            }
            else if ((await store.RangeAsync(SecretKeeper.Prefix, limit: 1)).Entries.Count > 0)
            {
                throw new SecretsUnavailableException(
                    "the secrets in the store are sealed with keys that this server does not have", "copy secrets.keys from the data folder of the server that kept them, or of its backup, into this one's and start it again; or delete the secrets and keep them anew");
            }
        }

        // As after a backup was restored beside its secrets.keys, in another cluster.
        if (ring.Any && (said is null || (cluster is not null && Opened(said) is null)))
        {
            await KeepAsync(null, CancellationToken.None);
        }
    }

    /// <summary>Puts this server's keys into the store, before anything is sealed with them or after nothing is any more.</summary>
    /// <param name="only">The number of the only one that is needed from now on; null for all.</param>
    /// <param name="stop">Gives up.</param>
    public async Task KeepAsync(int? only, CancellationToken stop)
    {
        for (var attempt = 0; attempt < Tries; attempt++)
        {
            var digests = ring.Digests(only);
            var entry = await store.GetAsync(Key, stop);
            if (entry is not null && Read(entry) is var before && Codec.Same(before.Digests, digests) && (cluster is null || Opened(before) is not null))
            {
                return;
            }

            var whole = cluster is null ? null : Convert.ToBase64String(SecretSeal.Close(cluster, RandomNumberGenerator.GetBytes(SecretSeal.NonceBytes), SealedFor, ring.Give(only)));
            if ((await store.CommitAsync(new([new(Key, entry?.ModRevision ?? 0)], [new(Key, Codec.Encode(new Said(digests, whole)))]), stop)).Succeeded)
            {
                return;
            }
        }

        throw new SecretsUnavailableException("other servers change the keys of secrets all the time", "try again");
    }

    byte[]? Opened(Said said) => cluster is null || said.Sealed is null ? null : SecretSeal.Open(cluster, SealedFor, Convert.FromBase64String(said.Sealed));

    static Said Read(Entry entry) => Codec.Decode<Said>(entry.Value.Span);

    /// <param name="Digests">Of each key, by its number.</param>
    /// <param name="Sealed">The keys, for servers of the cluster; null where there is none.</param>
    sealed record Said(IReadOnlyDictionary<string, string> Digests, string? Sealed);
}
