using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Mainstay.Traffic.Policies;

/// <summary>
/// Remembers what was proven, so that a client that shows the same token, key or password again costs a look-up and no cryptography. Bounded;
/// entries are immutable and replaced by one write, so that any number of threads look up without a lock.
/// </summary>
/// <remarks>
/// An entry is found by a hash of the credential's last bytes, salted by chance, and then compared whole. The end of a signed token is its
/// signature, and a short key is all in the hash: nobody meets an entry by guessing, so the comparison's time tells nothing. An entry ends
/// with what it proves, after <see cref="LongestMs"/> at the latest, and with the keys it was proven by.
/// </remarks>
/// <param name="salt">Chance, so that nobody can choose what collides.</param>
/// <param name="sets">A power of two; each holds two entries.</param>
internal sealed class ProvenCache(ulong salt, int sets = 2048)
{
    /// <summary>An entry's longest life: clocks that jump and grants that are taken away count again after this time.</summary>
    public const long LongestMs = 60_000;

    /// <summary>Bytes of the longest credential that is remembered.</summary>
    public const int LongestCredential = 4096;

    private readonly Entry?[] entries = new Entry?[sets * 2];

    private sealed record Entry(byte[] Credential, object Keys, Proof Proof, long UntilMs);

    /// <summary>What was proven with this credential under these keys, if it still holds.</summary>
    /// <param name="credential">As it was shown.</param>
    /// <param name="keys">The keys that count now; entries of other keys are none.</param>
    /// <param name="nowMs">The path's clock.</param>
    /// <param name="proof">The proof: good, or bad for a moment.</param>
    public bool TryGet(ReadOnlySpan<byte> credential, object keys, long nowMs, out Proof proof)
    {
        var set = SetOf(credential);
        for (var way = 0; way < 2; way++)
        {
            var entry = Volatile.Read(ref entries[set + way]);
            if (entry is null || entry.UntilMs <= nowMs || !ReferenceEquals(entry.Keys, keys) || !credential.SequenceEqual(entry.Credential)) continue;
            proof = entry.Proof;
            return true;
        }
        proof = default;
        return false;
    }

    /// <summary>Remembers a proof for so long at the most.</summary>
    public void Put(ReadOnlySpan<byte> credential, object keys, Proof proof, long nowMs, long forMs)
    {
        if (credential.Length > LongestCredential || forMs <= 0) return;
        var set = SetOf(credential);
        // What ends first gives way; what has ended has ended first.
        var way = (Volatile.Read(ref entries[set])?.UntilMs ?? 0) <= (Volatile.Read(ref entries[set + 1])?.UntilMs ?? 0) ? 0 : 1;
        Volatile.Write(ref entries[set + way], new Entry(credential.ToArray(), keys, proof, nowMs + Math.Min(forMs, LongestMs)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int SetOf(ReadOnlySpan<byte> credential)
    {
        var tail = credential.Length >= 32 ? credential[^32..] : credential;
        var hash = salt ^ (ulong)credential.Length;
        while (tail.Length >= 8)
        {
            hash = (hash ^ BinaryPrimitives.ReadUInt64LittleEndian(tail)) * 0x9E3779B97F4A7C15;
            hash ^= hash >> 32;
            tail = tail[8..];
        }
        foreach (var one in tail) hash = (hash ^ one) * 0x9E3779B97F4A7C15;
        return (int)((hash ^ (hash >> 29)) & (ulong)(sets - 1)) * 2;
    }
}
