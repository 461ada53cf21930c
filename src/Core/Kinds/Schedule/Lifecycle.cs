namespace Mainstay.Core.Kinds.Schedule;

/// <summary>The states of a service. Which may follow which is in <see cref="LifecycleRules"/>; every state comes with a reason and a message.</summary>
public enum Lifecycle
{
    /// <summary>Being prepared: its artifact is built, its needs are waited for.</summary>
    Provision,

    /// <summary>Prepared: its first instances are starting, or it is stopped on request and could start at once.</summary>
    Ready,

    /// <summary>Its instances serve.</summary>
    Run,

    /// <summary>Its instances are being replaced by others of a new declaration.</summary>
    Update,

    /// <summary>An update failed and its instances are being replaced by those of the last good declaration.</summary>
    Rollback,

    /// <summary>Its number of instances is being changed.</summary>
    Scale,

    /// <summary>Being stopped and forgotten.</summary>
    Destroy,

    /// <summary>Cannot go on without a change or a person: a failed build, or a crash loop without a good version to go back to.</summary>
    Failed,
}

/// <summary>The edges of the lifecycle's state machine.</summary>
public static class LifecycleRules
{
    /// <summary>Whether <paramref name="to"/> may follow <paramref name="from"/>. Staying is always allowed; Destroy may follow anything and nothing follows it but a new declaration.</summary>
    public static bool MayFollow(Lifecycle from, Lifecycle to) => from == to || to == Lifecycle.Destroy || (from, to) switch
    {
        (Lifecycle.Provision, Lifecycle.Ready or Lifecycle.Failed) => true,
        (Lifecycle.Ready, Lifecycle.Run or Lifecycle.Update or Lifecycle.Failed or Lifecycle.Provision) => true,
        (Lifecycle.Run, Lifecycle.Update or Lifecycle.Scale or Lifecycle.Ready or Lifecycle.Failed or Lifecycle.Provision) => true,
        (Lifecycle.Update, Lifecycle.Run or Lifecycle.Rollback or Lifecycle.Ready or Lifecycle.Failed or Lifecycle.Provision) => true,
        (Lifecycle.Rollback, Lifecycle.Run or Lifecycle.Update or Lifecycle.Ready or Lifecycle.Failed or Lifecycle.Provision) => true,
        (Lifecycle.Scale, Lifecycle.Run or Lifecycle.Update or Lifecycle.Ready or Lifecycle.Failed or Lifecycle.Provision) => true,
        (Lifecycle.Failed, Lifecycle.Provision or Lifecycle.Ready or Lifecycle.Run or Lifecycle.Update) => true,
        (Lifecycle.Destroy, Lifecycle.Provision) => true,
        _ => false,
    };

    /// <summary>The next state on the shortest allowed way between two states; several things can come true at once, and each step is taken all the same.</summary>
    public static Lifecycle Step(Lifecycle from, Lifecycle to)
    {
        var firstSteps = new Dictionary<Lifecycle, Lifecycle>();
        var open = new Queue<Lifecycle>([from]);
        while (!MayFollow(from, to) && open.TryDequeue(out var at))
        {
            foreach (var next in Enum.GetValues<Lifecycle>().Where(n => n != from && n != Lifecycle.Destroy && MayFollow(at, n)))
            {
                if (firstSteps.TryAdd(next, firstSteps.GetValueOrDefault(at, next)))
                {
                    open.Enqueue(next);
                }
            }
        }

        return firstSteps.GetValueOrDefault(to, to);
    }
}

/// <summary>The words that <see cref="ServiceStatus.Reason"/> and <see cref="InstanceStatus.Reason"/> use.</summary>
public static class Reasons
{
    public const string Declared = nameof(Declared);
    public const string Building = nameof(Building);
    public const string BuildFailed = nameof(BuildFailed);
    public const string WaitingForNeeds = nameof(WaitingForNeeds);
    public const string WaitingForOrder = nameof(WaitingForOrder);
    public const string WaitingForDependants = nameof(WaitingForDependants);
    public const string WaitingForHost = nameof(WaitingForHost);
    public const string WaitingForEndpoints = nameof(WaitingForEndpoints);
    public const string WaitingForRoom = nameof(WaitingForRoom);
    public const string Preempted = nameof(Preempted);
    public const string Fenced = nameof(Fenced);
    public const string Starting = nameof(Starting);
    public const string Serving = nameof(Serving);
    public const string Degraded = nameof(Degraded);
    public const string Replacing = nameof(Replacing);
    public const string NotReadyInTime = nameof(NotReadyInTime);
    public const string Releasing = nameof(Releasing);
    public const string WaitingForWord = nameof(WaitingForWord);
    public const string Undecided = nameof(Undecided);
    public const string Aborted = nameof(Aborted);
    public const string RolledBack = nameof(RolledBack);
    public const string ScalingOut = nameof(ScalingOut);
    public const string ScalingIn = nameof(ScalingIn);
    public const string Stopping = nameof(Stopping);
    public const string Stopped = nameof(Stopped);
    public const string Removed = nameof(Removed);
    public const string CrashLoop = nameof(CrashLoop);
    public const string Exited = nameof(Exited);
    public const string Unhealthy = nameof(Unhealthy);
    public const string StartFailed = nameof(StartFailed);
    public const string Backoff = nameof(Backoff);
    public const string HostLost = nameof(HostLost);
    public const string Draining = nameof(Draining);
    public const string OutOfMemory = nameof(OutOfMemory);
    public const string Completed = nameof(Completed);
    public const string EndpointIn = nameof(EndpointIn);
    public const string EndpointOut = nameof(EndpointOut);
    public const string DeadlineExceeded = nameof(DeadlineExceeded);
}
