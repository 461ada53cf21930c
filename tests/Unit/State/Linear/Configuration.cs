namespace Mainstay.Tests.State.Linear;

/// <summary>Which operations have their place, and what the register has after them.</summary>
sealed class Configuration(ulong[] done, long value) : IEquatable<Configuration>
{
    readonly ulong[] done = done;
    readonly long value = value;

    public bool Equals(Configuration? other) => other is not null && value == other.value && done.AsSpan().SequenceEqual(other.done);

    public override bool Equals(object? obj) => Equals(obj as Configuration);

    public override int GetHashCode()
    {
        var hash = default(HashCode);
        hash.Add(value);
        foreach (var bits in done)
            hash.Add(bits);
        return hash.ToHashCode();
    }
}
