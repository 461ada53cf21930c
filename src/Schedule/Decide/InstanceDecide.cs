using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Reconcile;

namespace Mainstay.Schedule.Decide;

/// <summary>An instance and what is seen of its process.</summary>
/// <param name="Instance">What is wanted, and the status so far.</param>
/// <param name="Proc">What the driver saw last; null before it saw anything.</param>
/// <param name="Ownership">Whether what can move is this host's.</param>
public readonly record struct InstanceView(Instance Instance, Proc? Proc, Ownership Ownership = Ownership.Held);

/// <summary>Whether what another host could take over is this host's.</summary>
public enum Ownership
{
    /// <summary>A server has said so, and answers.</summary>
    Held,

    /// <summary>No server has answered this run of the agent yet: what runs runs on, and nothing is started.</summary>
    Unconfirmed,

    /// <summary>No server has answered for too long: somebody else may have it.</summary>
    Lost,
}

/// <summary>
/// The state machine of one instance. Every start has an epoch; a process counts only for the epoch that the status is about.
/// <code>
/// Pending ──► Starting ──► Ready ──► Unhealthy ──┐
///                ▲  │         │          (stopped)│
///                │  └─────────┴──► ended ◄────────┘
///                └─── Backoff ◄──────┘            any, once the goal is Stop: ──► Stopping ──► Stopped
/// </code>
/// </summary>
public static class InstanceDecide
{
    const string NotYet = "not healthy yet: ";

    // Most starts are over by then, and a check that fails meanwhile is nothing to be told of.
    static readonly TimeSpan Unremarkable = TimeSpan.FromSeconds(3);

    public static Plan Next(in InstanceView seen, DateTimeOffset now)
    {
        var (instance, proc) = (seen.Instance, seen.Proc);
        var status = Adopt(instance.Status, proc);
        var step = (instance.Goal, status.State) switch
        {
            (InstanceGoal.Stop, _) => Stop(instance, status, proc),
            (_, InstanceState.Stopped) => new Step(status),
            _ when seen.Ownership == Ownership.Lost && instance.Template.Moves == true => Fence(instance, status, proc),
            _ when seen.Ownership == Ownership.Unconfirmed && instance.Template.Moves == true && proc is not { Phase: ProcPhase.Running } => new Step(status),
            (_, InstanceState.Stopping) => Stop(instance, status, proc),
            (InstanceGoal.Drain, InstanceState.Pending or InstanceState.Backoff) => new Step(Ended(status, InstanceState.Stopped) with { Reason = Reasons.Draining }),
            (_, InstanceState.Pending) => Begin(instance, status, Reasons.Starting, ""),
            (_, InstanceState.Backoff) when now >= status.RetryAt || status is { Reason: Reasons.Fenced, RetryAt: null } => Begin(instance, status, status.Reason, status.Message),
            (_, InstanceState.Backoff) => new Step(status, status.RetryAt),
            _ when proc is null || proc.Epoch < status.Epoch => Unseen(instance, status, proc, now),
            _ when proc.Phase is ProcPhase.Ended or ProcPhase.Failed => Fail(instance, status, proc, now),
            (_, InstanceState.Starting) => Starting(instance, status, proc, now),
            (_, InstanceState.Ready) => Ready(instance, status, proc, now),
            _ => new Step(status, null, new StopProcess(instance.Name, status.Epoch, instance.Template.Grace)),
        };
        var plan = Codec.Same(instance.Status, step.Status) ? new Plan() : new Plan().Put(instance with { Status = step.Status });
        plan.Wait(step.Until);
        return step.Act is null ? plan : plan.Do(step.Act);
    }

    // The status may be older than the process where the agent ended before it was kept; the process is the truth.
    static InstanceStatus Adopt(InstanceStatus status, Proc? proc) =>
        proc is null || proc.Epoch < status.Epoch || (proc.Epoch == status.Epoch && proc.Phase != ProcPhase.Running) ? status
        : proc.Epoch == status.Epoch && status.State is not (InstanceState.Pending or InstanceState.Backoff or InstanceState.Stopped) ? status
        : status with { Epoch = proc.Epoch, State = InstanceState.Starting, Reason = Reasons.Starting, ReadyAt = null, RetryAt = null };

    static Step Begin(Instance instance, InstanceStatus status, string reason, string message)
    {
        var epoch = status.Epoch + 1;
        var next = Ended(status, InstanceState.Starting) with
        {
            Epoch = epoch,
            Reason = reason == Reasons.CrashLoop ? reason : Reasons.Starting,
            Message = message.Length > 0 ? "started again: " + message : "",
            Restarts = status.Restarts + (epoch > 1 ? 1 : 0),
        };
        return new(next, null, new StartProcess(instance.Name, epoch, instance));
    }

    // A start is under way, or was lost with the agent: asking again is harmless. What was ready and has no process any more has ended.
    static Step Unseen(Instance instance, InstanceStatus status, Proc? proc, DateTimeOffset now) => proc switch
    {
        { Phase: ProcPhase.Running } => new(status, null, new StopProcess(instance.Name, proc.Epoch, instance.Template.Grace)),
        _ when status.State == InstanceState.Starting => new(status, null, new StartProcess(instance.Name, status.Epoch, instance)),
        _ => Fail(instance, status, new Proc { Name = instance.Name, Epoch = status.Epoch, Phase = ProcPhase.Ended }, now),
    };

    static Step Starting(Instance instance, InstanceStatus status, Proc proc, DateTimeOffset now)
    {
        var health = instance.Template.Health;
        status = status with { Pid = proc.Pid, Endpoint = proc.Endpoint, StartedAt = proc.StartedAt };
        if (proc.Health == HealthState.Healthy)
        {
            return Ready(instance, status with { State = InstanceState.Ready, ReadyAt = proc.HealthAt ?? now, Message = "" }, proc, now);
        }

        var since = Later(proc.StartedAt, proc.WatchedAt);
        var deadline = since + health.Startup;
        if (deadline is null || now < deadline)
        {
            var told = since + Unremarkable;
            var isTold = now >= told && proc.Message.Length > 0 && (status.Message.Length == 0 || status.Message.StartsWith(NotYet, StringComparison.Ordinal));
            // Adopted before it was known to be wanted: nobody checks it yet.
            return new(
                isTold ? status with { Message = NotYet + proc.Message } : status,
                now < told && told < deadline ? told : deadline,
                proc.WatchedAt is null ? new StartProcess(instance.Name, status.Epoch, instance) : null);
        }

        return GiveUp(
            instance, status, Reasons.NotReadyInTime, $"not healthy within {Durations.Format(health.Startup)}" + (proc.Message.Length > 0 ? ": " + proc.Message : ""));
    }

    static Step Ready(Instance instance, InstanceStatus status, Proc proc, DateTimeOffset now)
    {
        if (instance.Template.Once is { } once)
        {
            return now >= once.Until
                ? GiveUp(instance, status, Reasons.DeadlineExceeded, "it was not done by its deadline")
                : new(status with { Reason = Reasons.Serving }, once.Until);
        }

        var clean = status.ReadyAt + instance.Template.Restart.Reset;
        status = status with { Failures = now >= clean ? 0 : status.Failures };
        return proc.Health == HealthState.Unhealthy
            ? GiveUp(instance, status, Reasons.Unhealthy, proc.Message)
            : new(status with { Reason = instance.Goal == InstanceGoal.Drain ? Reasons.Draining : Reasons.Serving }, status.Failures > 0 ? clean : null);
    }

    static Step GiveUp(Instance instance, InstanceStatus status, string reason, string message) => new(
        status with { State = InstanceState.Unhealthy, Reason = reason, Message = message, ReadyAt = null },
        null,
        new StopProcess(instance.Name, status.Epoch, instance.Template.Grace));

    // The first end after a clean record is answered at once, every further one after a wait that doubles.
    static Step Fail(Instance instance, InstanceStatus status, Proc proc, DateTimeOffset now)
    {
        var restart = instance.Template.Restart;
        var (reason, message) = Cause(status, proc);
        if (instance.Template.Once is not null)
        {
            return new(Ended(status, InstanceState.Stopped) with
            {
                ExitCode = proc.ExitCode, Reason = proc.ExitCode == 0 && reason == Reasons.Exited ? Reasons.Completed : reason, Message = message,
            });
        }

        if (proc.ExitCode == 0 && reason == Reasons.Exited)
        {
            message += ": it ended by itself; a service stays in the foreground, and what runs to its end is a job";
        }

        var failures = status.ReadyAt + restart.Reset <= (proc.EndedAt ?? now) ? 1 : status.Failures + 1;
        status = Ended(status, InstanceState.Backoff) with
        {
            Failures = failures,
            ExitCode = proc.ExitCode,
            Reason = failures >= restart.CrashLoop ? Reasons.CrashLoop : reason,
            Message = failures >= restart.CrashLoop ? $"{message}; the {Ordinal(failures)} end in a row" : message,
        };
        if (instance.Goal == InstanceGoal.Drain)
        {
            return new(status with { State = InstanceState.Stopped });
        }

        if (failures == 1)
        {
            return Begin(instance, status, status.Reason, message);
        }

        var retryAt = now + Backoff.After(failures - 1, restart.Backoff, restart.MaxBackoff);
        return new(status with { RetryAt = retryAt }, retryAt);
    }

    // Nobody can tell whether it runs elsewhere by now: it ends, and waits until a server has said that it is still ours.
    static Step Fence(Instance instance, InstanceStatus status, Proc? proc)
    {
        if (status.State == InstanceState.Pending)
        {
            return new(status);
        }

        var fenced = status with { Reason = Reasons.Fenced, Message = $"no server has answered for {Durations.Format(HostLease.Span)}: another host may take over", ReadyAt = null, RetryAt = null };
        var isStarted = proc is { Phase: ProcPhase.Running } || (proc is null && status.State == InstanceState.Starting);
        return !isStarted || status.State == InstanceState.Backoff
            ? new(Ended(fenced, InstanceState.Backoff))
            : new(fenced with { State = InstanceState.Unhealthy }, null, new StopProcess(instance.Name, Math.Max(status.Epoch, proc?.Epoch ?? 0), instance.Template.Grace));
    }

    static Step Stop(Instance instance, InstanceStatus status, Proc? proc)
    {
        if (status.Epoch == 0 || (proc?.Epoch == status.Epoch && proc.Phase is ProcPhase.Ended or ProcPhase.Failed))
        {
            return new(Ended(status, InstanceState.Stopped) with { Reason = Reasons.Stopped, Message = "", ExitCode = proc?.ExitCode ?? status.ExitCode });
        }

        var stopping = status with
        {
            State = InstanceState.Stopping,
            Reason = Reasons.Stopping,
            Message = $"asked to end; ended by force after {Durations.Format(instance.Template.Grace)}",
            ReadyAt = null,
            RetryAt = null,
        };
        var epoch = proc?.Phase == ProcPhase.Running ? proc.Epoch : status.Epoch;
        return new(stopping, null, new StopProcess(instance.Name, epoch, instance.Template.Grace));
    }

    static InstanceStatus Ended(InstanceStatus status, InstanceState state) =>
        status with { State = state, Pid = 0, StartedAt = null, ReadyAt = null, RetryAt = null };

    static (string Reason, string Message) Cause(InstanceStatus status, Proc proc) =>
        status.State == InstanceState.Unhealthy ? (status.Reason, status.Message)
        : proc.Phase == ProcPhase.Failed ? (Reasons.StartFailed, proc.Message)
        : proc.OutOfMemory ? (Reasons.OutOfMemory, proc.Message)
        : (proc.ExitCode, status.ReadyAt) switch
        {
            (null, _) => (Reasons.Exited, "its process ended while the agent was away"),
            (127, null) => (Reasons.StartFailed, "exit code 127: a command was not found; check 'run' and the PATH, and see its logs"),
            (126, null) => (Reasons.StartFailed, "exit code 126: a command cannot be executed; check its permissions, and see its logs"),
            ( > 128 and <= 192 and var code, _) => (Reasons.Exited, $"exit code {code} ({Signals.NameOf(code - 128)})"),
            (var code, _) => (Reasons.Exited, $"exit code {code}"),
        };

    static string Ordinal(int number) => number + (number % 100 is 11 or 12 or 13 ? "th" : (number % 10) switch { 1 => "st", 2 => "nd", 3 => "rd", _ => "th" });

    static DateTimeOffset? Later(DateTimeOffset? a, DateTimeOffset? b) => a > b || b is null ? a : b;

    readonly record struct Step(InstanceStatus Status, DateTimeOffset? Until = null, Act? Act = null);
}

/// <summary>The names of Linux's signals (signal(7)).</summary>
static class Signals
{
    public static string NameOf(int signal) => signal switch
    {
        1 => "SIGHUP",
        2 => "SIGINT",
        3 => "SIGQUIT",
        4 => "SIGILL",
        6 => "SIGABRT",
        7 => "SIGBUS",
        8 => "SIGFPE",
        9 => "SIGKILL",
        11 => "SIGSEGV",
        13 => "SIGPIPE",
        14 => "SIGALRM",
        15 => "SIGTERM",
        _ => $"signal {signal}",
    };
}
