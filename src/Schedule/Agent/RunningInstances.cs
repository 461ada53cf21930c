using Mainstay.Core.Kinds.Schedule;
using Mainstay.Schedule.Decide;

namespace Mainstay.Schedule.Agent;

/// <summary>The instances whose processes run on this host now, for whoever watches them. Adopted ones are among them as soon as the agent knows them.</summary>
public sealed class RunningInstances
{
    readonly Lock gate = new();
    readonly Dictionary<string, Instance> wanted = new(StringComparer.Ordinal);
    readonly Dictionary<string, Proc> procs = new(StringComparer.Ordinal);
    IReadOnlyList<RunningInstance>? made;

    /// <summary>As they are now, by name.</summary>
    public IReadOnlyList<RunningInstance> Now()
    {
        lock (gate)
        {
            return made ??= [.. procs.Values.Where(p => p.Phase == ProcPhase.Running && p.Pid > 0 && wanted.ContainsKey(p.Name)).OrderBy(p => p.Name, StringComparer.Ordinal)
                .Select(p => Of(wanted[p.Name], p))];
        }
    }

    internal void Note(string name, Instance? instance) => Note(wanted, name, instance);

    internal void Note(string name, Proc? proc) => Note(procs, name, proc);

    void Note<T>(Dictionary<string, T> known, string name, T? value) where T : class
    {
        lock (gate)
        {
            made = null;
            if (value is null)
            {
                known.Remove(name);
            }
            else
            {
                known[name] = value;
            }
        }
    }

    static RunningInstance Of(Instance instance, Proc proc) =>
        new(instance.Name, instance.Service, instance.Template.Version, proc.Pid, proc.StartedAt, instance.Status.Restarts);
}

/// <summary>An instance's process.</summary>
/// <param name="Name">The instance.</param>
/// <param name="Service">What it is of.</param>
/// <param name="Version">Of its software; empty where none is declared.</param>
/// <param name="Pid">Leader of its session.</param>
/// <param name="StartedAt">When it was started; null where unknown.</param>
/// <param name="Restarts">How often it was started again.</param>
public sealed record RunningInstance(string Name, string Service, string Version, int Pid, DateTimeOffset? StartedAt, int Restarts);
