using System.Text.Json;
using Mainstay.Host.Security;
using Mainstay.State.Cluster;
using Mainstay.State.Decide;

namespace Mainstay.Host.Cluster;

[System.Text.Json.Serialization.JsonSerializable(typeof(MemberRecord))]
sealed partial class MemberJson : System.Text.Json.Serialization.JsonSerializerContext;

/// <summary>What a server knows of its member across its own restarts.</summary>
public sealed record MemberRecord
{
    public required string Name { get; init; }

    public required Uri Peer { get; init; }

    public MemberStage Stage { get; init; }

    /// <summary>0 before the first admission.</summary>
    public ulong Id { get; init; }

    /// <summary>Whether it began the cluster.</summary>
    public bool Founder { get; init; }

    /// <summary>The members when they were last seen.</summary>
    public IReadOnlyList<ClusterMember> Members { get; init; } = [];

    /// <summary>What was written; null where nothing was. Throws <see cref="IOException"/> where it cannot be read.</summary>
    public static MemberRecord? Read(string path)
    {
        try
        {
            return File.Exists(path) ? JsonSerializer.Deserialize(File.ReadAllBytes(path), MemberJson.Default.MemberRecord) : null;
        }
        catch (JsonException damaged)
        {
            throw new IOException($"{path} is damaged: {damaged.Message}; put it back from a backup, or move the folder away and join again", damaged);
        }
    }

    /// <summary>Durable when it returns.</summary>
    public void Write(string path) => SecretFile.Write(path, JsonSerializer.Serialize(this, MemberJson.Default.MemberRecord));
}
