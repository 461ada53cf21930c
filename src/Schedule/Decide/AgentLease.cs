using Mainstay.Core.Kinds;

namespace Mainstay.Schedule.Decide;

/// <summary>
/// Whether this agent still owns what another host could take over. In the agent's own store; there is one, called <see cref="TheName"/>, and none until a server has
/// answered this run of the agent, or has not for too long.
/// </summary>
public sealed record AgentLease : Resource
{
    public const string TheName = "server";

    /// <summary>False once no server has answered for too long.</summary>
    public bool Held { get; init; }
}
