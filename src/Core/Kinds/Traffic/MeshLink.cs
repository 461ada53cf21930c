namespace Mainstay.Core.Kinds.Traffic;

/// <summary>The way of one caller to one callee: a loopback port of the gateway that belongs to that pair alone. Its name is <c>caller.callee</c>.</summary>
public sealed record MeshLink : Resource
{
    public required string Caller { get; init; }

    public required string Callee { get; init; }

    /// <summary>The port on every host's loopback address; it never changes while the link exists.</summary>
    public required int Port { get; init; }

    /// <summary>True where the gateway listens on that port of <see cref="OtherAddress"/> too, so that it can tell which of two versions calls; it stays so. Null otherwise.</summary>
    public bool? Both { get; init; }

    /// <summary>True where instances of the caller are containers in a bridge network, which have no part in the host's loopback: gateways listen for them on <see cref="ContainerBridge"/> too; it stays so. Null otherwise.</summary>
    public bool? Bridged { get; init; }

    /// <summary>The loopback address of links.</summary>
    public const string Address = "127.0.0.1";

    /// <summary>The other loopback address, by which every other version of a caller calls that is released in stages.</summary>
    public const string OtherAddress = "127.0.0.2";

    /// <summary>How the listener on the other address of a link is called.</summary>
    public static string OtherOf(string link) => link + "+";

    /// <summary>Whether a listener is the one on the other address, or its counterpart for containers.</summary>
    public static bool IsOther(string listener) => listener.EndsWith('+');

    /// <summary>How the listener for containers in a bridge network is called that stands beside one on a loopback address.</summary>
    public static string BridgedOf(string listener) => IsOther(listener) ? OtherOf(BridgedOf(listener[..^1])) : listener + "~";

    /// <summary>The link that a listener belongs to.</summary>
    public static string LinkOf(string listener) => listener.TrimEnd('+').TrimEnd('~');

    /// <summary>The name of the environment variable, as .NET's service discovery has it, by which an instance finds the link to <paramref name="callee"/>.</summary>
    public static string VariableOf(string callee) => $"services__{callee}__http__0";

    public static string NameOf(string caller, string callee) => $"{caller}.{callee}";
}

/// <summary>A running gateway process, as it last reported.</summary>
public sealed record GatewayNode : Resource
{
    /// <summary>Revision of the table that it serves.</summary>
    public long TableRevision { get; init; }

    public int Pid { get; init; }

    /// <summary>Listeners that it could not open.</summary>
    public IReadOnlyList<FailedListener> FailedListeners { get; init; } = [];
}

/// <summary>A listener that a gateway could not open.</summary>
/// <param name="Name">The mesh link's name, or <c>gateway</c>.</param>
/// <param name="Port">The port it tried.</param>
/// <param name="Error">What the system said.</param>
public sealed record FailedListener(string Name, int Port, string Error);
