namespace Mainstay.Core.Kinds.State;

/// <summary>A queue, as the manifest declares it. Its messages are with the queue engine, not in the store.</summary>
public sealed record Queue : Resource
{
    public required MessageQueueSpec Spec { get; init; }

    public override IEnumerable<Problem> Validate() => base.Validate().Concat(Spec.Validate().Select(p => p.Under("spec")));
}
