using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using Mainstay.Core.Kinds;

namespace Mainstay.State.Secrets;

/// <summary>
/// The keys that secrets are sealed with, in a file that its owner alone may read (0600), made when the first one is wanted. With a passphrase the keys in it are sealed in turn, by a key that is derived of it
/// (PBKDF2, SHA-256, 600,000 rounds).
/// </summary>
/// <param name="path">The file; null where there is no place for it: then there are no secrets.</param>
/// <param name="passphrase">Null for none.</param>
public sealed class KeyRing(string? path, string? passphrase)
{
    const int Rounds = 600_000;
    const string SealedFor = "key";

    readonly Lock gate = new();
    Ring? ring;

    /// <summary>The number of the key that new values are sealed with, and the key.</summary>
    /// <exception cref="SecretsUnavailableException">The file cannot be read or written, or the passphrase is not the one that it was made with.</exception>
    public (int Number, byte[] Key) Current
    {
        get
        {
            lock (gate)
            {
                var now = Load();
                return now.Keys.Count > 0 ? (now.Keys.Keys.Max(), now.Keys[now.Keys.Keys.Max()]) : Add(now);
            }
        }
    }

    /// <summary>Whether there is a key.</summary>
    public bool Any
    {
        get
        {
            lock (gate)
            {
                return Load().Keys.Count > 0;
            }
        }
    }

    /// <summary>A digest of each key, or of one of them, by its number.</summary>
    public IReadOnlyDictionary<string, string> Digests(int? only = null)
    {
        lock (gate)
        {
            return Load().Keys.Where(k => only is null || k.Key == only).ToDictionary(k => k.Key.ToString(CultureInfo.InvariantCulture), k => DigestOf(k.Value), StringComparer.Ordinal);
        }
    }

    /// <summary>Whether it has every key of these digests.</summary>
    public bool Covers(IReadOnlyDictionary<string, string> digests)
    {
        var own = Digests();
        return digests.All(d => own.GetValueOrDefault(d.Key) == d.Value);
    }

    /// <summary>The keys, or one of them, for another server: as in the file, under the passphrase where there is one.</summary>
    public byte[] Give(int? only = null)
    {
        lock (gate)
        {
            var now = Load();
            return Codec.Encode(Written(now with { Keys = now.Keys.Where(k => only is null || k.Key == only).ToDictionary() }));
        }
    }

    /// <summary>Takes the keys that another server gave, in place of its own.</summary>
    /// <exception cref="SecretsUnavailableException">They are under another passphrase, or the file cannot be written.</exception>
    public void Take(byte[] given)
    {
        lock (gate)
        {
            Save(Opened(given));
        }
    }

    /// <summary>A key by its number; null where it is gone.</summary>
    public byte[]? Find(int number)
    {
        lock (gate)
        {
            return Load().Keys.GetValueOrDefault(number);
        }
    }

    /// <summary>Makes a new key, which is the current one from now on. The others stay until they are dropped.</summary>
    public int Renew()
    {
        lock (gate)
        {
            return Add(Load()).Number;
        }
    }

    /// <summary>Forgets every key but the current one.</summary>
    public void DropOld()
    {
        lock (gate)
        {
            var now = Load();
            Save(now with { Keys = now.Keys.Where(k => k.Key == now.Keys.Keys.Max()).ToDictionary() });
        }
    }

    (int Number, byte[] Key) Add(Ring now)
    {
        var number = now.Keys.Count == 0 ? 1 : now.Keys.Keys.Max() + 1;
        var key = RandomNumberGenerator.GetBytes(SecretSeal.KeyBytes);
        Save(now with { Keys = new Dictionary<int, byte[]>(now.Keys) { [number] = key } });
        return (number, key);
    }

    Ring Load()
    {
        if (ring is not null)
        {
            return ring;
        }

        var file = path ?? throw new SecretsUnavailableException("this server has no data folder to keep keys in", "start it with --data");
        if (!File.Exists(file))
        {
            var salt = RandomNumberGenerator.GetBytes(16);
            return ring = new(salt, Derive(salt), new Dictionary<int, byte[]>());
        }

        try
        {
            return ring = Opened(File.ReadAllBytes(file));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or JsonException or FormatException)
        {
            throw new SecretsUnavailableException($"the keys of secrets in {file} cannot be read: {error.Message}", "restore the file from a backup");
        }
    }

    Ring Opened(byte[] file)
    {
        var read = Codec.Decode<KeyFile>(file);
        var salt = Convert.FromBase64String(read.Salt);
        if (read.Sealed != passphrase is not null)
        {
            throw new SecretsUnavailableException(
                read.Sealed ? "the keys of secrets are under a passphrase, and none is given" : "the keys of secrets were made without a passphrase, and one is given", "start every server with the same MAINSTAY_SECRETS_PASSPHRASE as before");
        }

        var outer = Derive(salt);
        return new(salt, outer, read.Keys.ToDictionary(k => int.Parse(k.Key, CultureInfo.InvariantCulture), k => Opened(outer, k.Key, Convert.FromBase64String(k.Value))));
    }

    static string DigestOf(byte[] key) => Convert.ToHexStringLower(SHA256.HashData(key))[..32];

    static byte[] Opened(byte[]? outer, string number, byte[] bytes) => outer is null
        ? bytes
        : SecretSeal.Open(outer, SealedFor + number, bytes) ?? throw new SecretsUnavailableException("the passphrase does not open the keys of secrets", "start the server with the same MAINSTAY_SECRETS_PASSPHRASE as before");

    byte[]? Derive(byte[] salt) => passphrase is null ? null : Rfc2898DeriveBytes.Pbkdf2(passphrase, salt, Rounds, HashAlgorithmName.SHA256, SecretSeal.KeyBytes);

    // Whole or not at all: a value sealed with a key that was lost is lost.
    void Save(Ring next)
    {
        var written = Written(next);
        try
        {
            var beside = path + ".new";
            File.Delete(beside);
            using (var stream = new FileStream(beside, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite }))
            {
                stream.Write(Codec.Encode(written));
                stream.Flush(flushToDisk: true);
            }

            File.Move(beside, path!, overwrite: true);
            ring = next;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new SecretsUnavailableException($"the keys of secrets cannot be written to {path}: {error.Message}", "see that the data folder can be written");
        }
    }

    static KeyFile Written(Ring next) => new(Convert.ToBase64String(next.Salt), next.Outer is not null, next.Keys.ToDictionary(
        k => k.Key.ToString(CultureInfo.InvariantCulture),
        k => Convert.ToBase64String(next.Outer is { } outer ? SecretSeal.Close(outer, RandomNumberGenerator.GetBytes(SecretSeal.NonceBytes), SealedFor + k.Key.ToString(CultureInfo.InvariantCulture), k.Value) : k.Value)));

    sealed record Ring(byte[] Salt, byte[]? Outer, IReadOnlyDictionary<int, byte[]> Keys);

    sealed record KeyFile(string Salt, bool Sealed, IReadOnlyDictionary<string, string> Keys);
}

/// <summary>Secrets cannot be sealed or opened; the message and <see cref="Remedy"/> say why and what to do.</summary>
public sealed class SecretsUnavailableException(string message, string remedy) : Exception(message)
{
    public string Remedy => remedy;
}
