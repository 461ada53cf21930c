namespace Mainstay.Core.Kinds.Observe;

/// <summary>A server that runs elsewhere and is looked at, as the manifest's <c>watch</c> declares it.</summary>
public sealed record WatchedServer : Resource
{
    public required WatchSpec Spec { get; init; }

    /// <summary>Absolute folder of the manifest: a relative file with a password starts there.</summary>
    public string BaseFolder { get; init; } = "";

    public override IEnumerable<Problem> Validate() => base.Validate().Concat(Spec.Validate().Select(p => p.Under("spec")));
}
