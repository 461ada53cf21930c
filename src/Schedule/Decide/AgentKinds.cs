using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;

namespace Mainstay.Schedule.Decide;

/// <summary>The kinds of the agent's own store: what the server wants of this host, and what the agent sees of it.</summary>
public static class AgentKinds
{
    public static KindRegistry All { get; } = new(
        CoreKinds.All.Of<Instance>(),
        CoreKinds.All.Of<Build>(),
        new Kind<Proc>("proc", "procs"),
        new Kind<BuildRun>("buildrun", "buildruns"),
        new Kind<AgentLease>("lease", "leases"));
}
