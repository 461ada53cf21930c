using Mainstay.Core.Kinds.Schedule;
using Mainstay.Host.Cli.Client;
using Mainstay.Host.Cli.Output;

namespace Mainstay.Host.Cli.Progress;

/// <summary>One service's step from one state to another.</summary>
/// <param name="Service">Its name.</param>
/// <param name="Now">How it stands now; null where it is gone.</param>
public sealed record Transition(string Service, ServiceView? Now)
{
    public Tone Tone => Now is null ? Tone.Dim : Verdict.ToneOf(Now);

    /// <summary>The step as one line, without its time.</summary>
    /// <param name="nameColumns">Width of the longest name.</param>
    public string Text(int nameColumns) => Now is null
        ? $"{Service.PadRight(nameColumns)}  gone"
        : $"{Service.PadRight(nameColumns)}  {Now.State,-9}  {Now.Ready}/{Now.Wanted}  {Why(Now)}".TrimEnd();

    /// <summary>Reason and message of a service in one clause.</summary>
    public static string Why(ServiceView service) => TextWidth.Harmless(service.Message.Length > 0 ? $"{service.Reason}: {service.Message}" : service.Reason);
}

/// <summary>What happened between two statuses.</summary>
public static class Transitions
{
    /// <summary>One step for each service whose state, reason or numbers differ, or that says something else of its start; of a first status, those that do not serve yet.</summary>
    public static IReadOnlyList<Transition> Between(StatusView? before, StatusView now)
    {
        var changed = now.Services
            .Where(s => before is null ? !Verdict.IsThere(s) : before.Find(s.Name) is not { } was || Differs(was, s))
            .Select(s => new Transition(s.Name, s));
        var gone = (before?.Services ?? []).Where(s => now.Find(s.Name) is null).Select(s => new Transition(s.Name, null));
        return [.. changed, .. gone];
    }

    static bool Differs(ServiceView was, ServiceView now) =>
        (was.State, was.Reason, was.Ready, was.Wanted) != (now.State, now.Reason, now.Ready, now.Wanted) || (now.Reason == Reasons.Starting && was.Message != now.Message);
}

/// <summary>Whether waiting is over.</summary>
public enum Outcome
{
    Waiting,
    Done,
    Failed,
}

/// <summary>Judges statuses for those who wait.</summary>
public static class Verdict
{
    /// <summary>Done when all that is waited for serves in the wanted number; failed as soon as one of it failed or was rolled back.</summary>
    /// <param name="status">How everything stands.</param>
    /// <param name="service">The one service that is waited for; null is all.</param>
    /// <param name="version">The architecture's version that must be in force at least.</param>
    public static Outcome Of(StatusView status, string? service, int version)
    {
        var waited = Waited(status, service);
        return (status.Architecture?.Version ?? 0) < version ? Outcome.Waiting
            : waited.Any(IsBroken) ? Outcome.Failed
            : waited.All(IsThere) ? Outcome.Done
            : Outcome.Waiting;
    }

    public static IReadOnlyList<ServiceView> Waited(StatusView status, string? service) =>
        [.. status.Services.Where(s => service is null || s.Name == service)];

    /// <summary>Whether it stands as it was declared: serving in full number, or stopped because the architecture is.</summary>
    public static bool IsThere(ServiceView service) =>
        service.Settled && service.Ready >= service.Wanted && (service.State == Lifecycle.Run || (service.State == Lifecycle.Ready && service.Wanted == 0)) && !IsBroken(service);

    /// <summary>Whether it will not come to stand as it was declared without a change or a person.</summary>
    public static bool IsBroken(ServiceView service) =>
        service.Settled && (service.State is Lifecycle.Failed or Lifecycle.Rollback || service.Reason == Reasons.RolledBack);

    public static Tone ToneOf(ServiceView service) =>
        service.State is Lifecycle.Failed or Lifecycle.Rollback || service.Reason == Reasons.RolledBack ? Tone.Bad
        : service.State == Lifecycle.Run && service.Ready >= service.Wanted ? Tone.Good
        : Tone.Busy;
}
