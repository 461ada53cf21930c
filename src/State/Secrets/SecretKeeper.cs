using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Mainstay.Core.Kinds;
using Mainstay.Core.Store;

namespace Mainstay.State.Secrets;

/// <summary>
/// Secrets over a store: sealed at rest, in records that are no resources, so that no list, watch or difference can show them. The last <see cref="Kept"/> versions of each are kept.
/// </summary>
/// <param name="store">Where they are.</param>
/// <param name="ring">What they are sealed with.</param>
/// <param name="time">The clock.</param>
/// <param name="cluster">32 bytes that the servers of a cluster share and nobody else has: by them the keys are given to each; null where there is no cluster.</param>
public sealed class SecretKeeper(IStore store, KeyRing ring, TimeProvider time, byte[]? cluster = null)
{
    /// <summary>The largest secret, in bytes of UTF-8.</summary>
    public const int MostBytes = 64 * 1024;

    /// <summary>How many secrets there can be.</summary>
    public const int Most = 10_000;

    /// <summary>How many versions of each are kept.</summary>
    public const int Kept = 5;

    /// <summary>What the keys of their records begin with.</summary>
    public const string Prefix = Core.Kinds.State.ConfigSettings.SealedPrefix;

    const int Tries = 8;

    readonly KeyShare share = new(store, ring, cluster);

    /// <summary>Every secret, without its values.</summary>
    public async Task<IReadOnlyList<SecretInfo>> ListAsync(CancellationToken stop) =>
        [.. (await store.RangeAsync(Prefix, stop: stop)).Entries.Select(e => InfoOf(e.Key[Prefix.Length..], Read(e)))];

    /// <summary>Keeps a value; it is the secret's newest version.</summary>
    /// <param name="name">The secret's.</param>
    /// <param name="value">At most <see cref="MostBytes"/>.</param>
    /// <param name="by">Who.</param>
    /// <param name="also">What is written with it.</param>
    /// <param name="stop">Ends it before it is written.</param>
    /// <returns>Null where there are too many.</returns>
    public async Task<SecretInfo?> SetAsync(string name, string value, string by, Operation also, CancellationToken stop)
    {
        await share.ReadyAsync(stop);
        var (keyNumber, key) = ring.Current;
        await share.KeepAsync(null, stop);
        for (var attempt = 0; attempt < Tries; attempt++)
        {
            var entry = await store.GetAsync(Prefix + name, stop);
            if (entry is null && (await store.RangeAsync(Prefix, stop: stop)).Entries.Count >= Most)
            {
                return null;
            }

            var before = entry is null ? [] : Read(entry);
            var number = before.Count == 0 ? 1 : before[^1].Number + 1;
            List<SealedVersion> after = [.. before.TakeLast(Kept - 1), new(number, keyNumber, Close(key, name, number, Encoding.UTF8.GetBytes(value)), by, time.GetUtcNow())];
            if ((await store.CommitAsync(new([new(Prefix + name, entry?.ModRevision ?? 0)], [new(Prefix + name, Write(after)), also]), stop)).Succeeded)
            {
                return InfoOf(name, after);
            }
        }

        return null;
    }

    /// <summary>Forgets a secret with all its versions; false where there is none.</summary>
    public async Task<bool> DeleteAsync(string name, Operation also, CancellationToken stop) =>
        await store.GetAsync(Prefix + name, stop) is { } entry && (await store.CommitAsync(new([new(Prefix + name, entry.ModRevision)], [new(Prefix + name, null), also]), stop)).Succeeded;

    /// <summary>The newest value of a secret; null where there is none, or it cannot be opened.</summary>
    /// <exception cref="SecretsUnavailableException">This server does not have the keys of the store's secrets.</exception>
    public async Task<string?> RevealAsync(string name, CancellationToken stop)
    {
        if (!Names.IsValid(name) || await store.GetAsync(Prefix + name, stop) is not { } entry || Read(entry) is not [.., var newest])
        {
            return null;
        }

        await share.ReadyAsync(stop);
        return ring.Find(newest.Key) is { } key && SecretSeal.Open(key, LabelOf(name, newest.Number), Convert.FromBase64String(newest.Data)) is { } value ? Encoding.UTF8.GetString(value) : null;
    }

    /// <summary>Makes a new key, seals everything with it, and forgets the old one. Where it is broken off, doing it again completes it; meanwhile everything opens.</summary>
    /// <returns>How many secrets were sealed anew, and the names of those that no key opens.</returns>
    public async Task<(int Sealed, IReadOnlyList<string> Lost)> RotateAsync(CancellationToken stop)
    {
        await share.ReadyAsync(stop);
        ring.Renew();
        var (number, key) = ring.Current;
        await share.KeepAsync(null, stop);
        var lost = new List<string>();
        var count = 0;
        foreach (var listed in (await store.RangeAsync(Prefix, stop: stop)).Entries)
        {
            var name = listed.Key[Prefix.Length..];
            for (Entry? entry = listed; entry is not null; entry = await store.GetAsync(listed.Key, stop))
            {
                List<SealedVersion> after = [.. Read(entry).Select(v => Again(name, v, number, key)).OfType<SealedVersion>()];
                if (after.Count == 0)
                {
                    lost.Add(name);
                    break;
                }

                if ((await store.CommitAsync(new([new(entry.Key, entry.ModRevision)], [new(entry.Key, Write(after))]), stop)).Succeeded)
                {
                    count++;
                    break;
                }
            }
        }

        // What nothing opens now may be opened by a key that somebody brings back: its number must stay free.
        if (lost.Count == 0)
        {
            await share.KeepAsync(number, stop);
            ring.DropOld();
        }

        return (count, lost);
    }

    /// <summary>Writes something by itself.</summary>
    public async Task TellAsync(Operation told, CancellationToken stop) => await store.CommitAsync(new([], [told]), stop);

    SealedVersion? Again(string name, SealedVersion version, int number, byte[] key) =>
        version.Key == number ? version
        : ring.Find(version.Key) is { } old && SecretSeal.Open(old, LabelOf(name, version.Number), Convert.FromBase64String(version.Data)) is { } value ? version with { Key = number, Data = Close(key, name, version.Number, value) }
        : null;

    static string Close(byte[] key, string name, int number, byte[] value) =>
        Convert.ToBase64String(SecretSeal.Close(key, RandomNumberGenerator.GetBytes(SecretSeal.NonceBytes), LabelOf(name, number), value));

    static string LabelOf(string name, int number) => $"{name}/{number.ToString(CultureInfo.InvariantCulture)}";

    static SecretInfo InfoOf(string name, IReadOnlyList<SealedVersion> versions) => new(name, versions[^1].Number, versions[^1].Key, versions[^1].By, versions[^1].At);

    static List<SealedVersion> Read(Entry entry) => [.. Codec.Decode<IReadOnlyList<SealedVersion>>(entry.Value.Span)];

    static byte[] Write(List<SealedVersion> versions) => Codec.Encode(versions);

    sealed record SealedVersion(int Number, int Key, string Data, string By, DateTimeOffset At);
}

/// <summary>What may be known of a secret.</summary>
/// <param name="Name">Its name; <c>secret:NAME</c> refers to it.</param>
/// <param name="Version">The number of the newest value.</param>
/// <param name="Key">The number of the key that it is sealed with.</param>
/// <param name="By">Who set it.</param>
/// <param name="At">When.</param>
public sealed record SecretInfo(string Name, int Version, int Key, string By, DateTimeOffset At);
