using System.Buffers;

namespace Mainstay.Core.Store;

/// <summary>The limits of <see cref="IStore"/>, checked by every implementation before anything else happens.</summary>
public static class StoreLimits
{
    /// <summary>Longest key, in UTF-16 characters.</summary>
    public const int KeyChars = 512;

    /// <summary>Largest value, in bytes.</summary>
    public const int ValueBytes = 16 * 1024 * 1024;

    /// <summary>Most operations, and most comparisons, of one commit.</summary>
    public const int Operations = 32_768;

    /// <summary>Shortest time to live of a lease.</summary>
    public static readonly TimeSpan LeaseMin = TimeSpan.FromSeconds(1);

    /// <summary>Longest time to live of a lease.</summary>
    public static readonly TimeSpan LeaseMax = TimeSpan.FromHours(24);

    static readonly SearchValues<char> Forbidden = SearchValues.Create([.. Enumerable.Range(0, 0xA0).Select(c => (char)c).Where(char.IsControl)]);

    /// <summary>Throws <see cref="ArgumentException"/> for a key outside the limits.</summary>
    public static void CheckKey(string key)
    {
        ArgumentException.ThrowIfNullOrEmpty(key);
        CheckText(key, nameof(key));
    }

    /// <summary>Throws <see cref="ArgumentException"/> for a prefix that no key can have; the empty one is fine.</summary>
    public static void CheckPrefix(string prefix)
    {
        ArgumentNullException.ThrowIfNull(prefix);
        CheckText(prefix, nameof(prefix));
    }

    /// <summary>Throws <see cref="ArgumentException"/> for a commit outside the limits.</summary>
    public static void CheckCommit(Commit commit)
    {
        ArgumentNullException.ThrowIfNull(commit);
        if (commit.Operations.Count > Operations || commit.Compares.Count > Operations)
            throw new ArgumentException($"a commit holds at most {Operations} operations and {Operations} comparisons; split it", nameof(commit));
        foreach (var compare in commit.Compares)
            CheckKey(compare.Key);
        foreach (var operation in commit.Operations)
            CheckOperation(operation);
        if (commit.Operations.Count > 1 && FirstDuplicate(commit.Operations) is { } twice)
            throw new ArgumentException($"a commit writes key '{twice}' twice; at most one operation per key", nameof(commit));
    }

    /// <summary>Throws <see cref="ArgumentOutOfRangeException"/> for a time to live outside the limits.</summary>
    public static void CheckTtl(TimeSpan ttl)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(ttl, LeaseMin);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(ttl, LeaseMax);
    }

    static void CheckOperation(in Operation operation)
    {
        CheckKey(operation.Key);
        ArgumentOutOfRangeException.ThrowIfNegative(operation.Lease);
        if (operation.Value is { Length: > ValueBytes } value)
            throw new ArgumentException($"the value of '{operation.Key}' has {value.Length} bytes; at most {ValueBytes} are allowed", nameof(operation));
    }

    static void CheckText(string text, string name)
    {
        if (text.Length > KeyChars)
            throw new ArgumentException($"{name} has {text.Length} characters; at most {KeyChars} are allowed", name);
        if (text.AsSpan().ContainsAny(Forbidden))
            throw new ArgumentException($"{name} holds a control character", name);
        for (var i = 0; i < text.Length; i++)
        {
            if (!char.IsSurrogate(text[i]))
                continue;
            if (i + 1 == text.Length || !char.IsSurrogatePair(text[i], text[i + 1]))
                throw new ArgumentException($"{name} is not valid Unicode at character {i}", name);
            i++;
        }
    }

    static string? FirstDuplicate(IReadOnlyList<Operation> operations)
    {
        var seen = new HashSet<string>(operations.Count, StringComparer.Ordinal);
        foreach (var operation in operations)
        {
            if (!seen.Add(operation.Key))
                return operation.Key;
        }

        return null;
    }
}
