using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Kinds.Traffic;

namespace Mainstay.Observe.Correlate;

/// <summary>Reads changes that could hurt out of what happens to resources. Pure.</summary>
public static class ChangeLog
{
    /// <summary>The most that are remembered.</summary>
    public const int Most = 500;

    /// <summary>The change that a resource's change means; null where it means none.</summary>
    /// <param name="before">Null where it is new.</param>
    /// <param name="after">Null where it is gone.</param>
    /// <param name="now">When it was seen.</param>
    public static SeenChange? Of(Resource? before, Resource? after, DateTimeOffset now) => (before, after) switch
    {
        (Service was, Service of) => OfService(was, of, now),
        (Instance was, Instance of) when was.Status.State != InstanceState.Ready && of.Status.State == InstanceState.Ready && of.Status.Restarts == 0 =>
            new(now, of.Service, ChangeKind.Scale, $"{of.Name}{(of.Template.Version.Length > 0 ? $" of version {of.Template.Version}" : "")} began to serve"),
        (Route was, Route of) when of.Spec.Services.FirstOrDefault() is { } to && !Same(was.Spec, of.Spec) => new(now, to, ChangeKind.Release, $"route {of.Name} was changed"),
        (null, Intervention of) when of.About.Split('/') is ["service", var service] => new(of.At, service, ChangeKind.Intervention, $"intervention {of.Name} began: {of.Act()}"),
        (null, Intervention of) when of.About.Split('/') is ["need", var need] => new(of.At, need[(need.IndexOf('.', StringComparison.Ordinal) + 1)..], ChangeKind.Intervention, $"intervention {of.Name} began: {of.Act()}"),
        _ => null,
    };

    /// <summary>An instance of other software than those that served before began to serve.</summary>
    public static SeenChange Replaced(Instance of, DateTimeOffset now) =>
        new(now, of.Service, ChangeKind.Release, $"{of.Name}{(of.Template.Version.Length > 0 ? $" of version {of.Template.Version}" : "")} began to serve with other software or settings");

    static SeenChange? OfService(Service was, Service of, DateTimeOffset now) =>
        was.Spec.Version != of.Spec.Version ? new(now, of.Name, ChangeKind.Release, $"{of.Name} {was.Spec.Version ?? "without a version"} → {of.Spec.Version ?? "without a version"}")
        : was.Digest != of.Digest ? new(now, of.Name, ChangeKind.Release, $"{of.Name} has other software")
        : !Same(was.Spec with { Instances = of.Spec.Instances, Interventions = of.Spec.Interventions }, of.Spec) ? new(now, of.Name, ChangeKind.Release, $"settings of {of.Name} were changed")
        : was.Wanted() != of.Wanted() ? new(now, of.Name, ChangeKind.Scale, $"{of.Name} scaled from {was.Wanted()} to {of.Wanted()}")
        : was.Generation != of.Generation ? new(now, of.Name, ChangeKind.Scale, $"{of.Name} was restarted")
        : null;

    // Records with lists compare those by identity: what is written is compared.
    static bool Same<T>(T one, T other) => Codec.Encode(one).AsSpan().SequenceEqual(Codec.Encode(other));
}
