namespace Mainstay.Core.Kinds.Observe;

/// <summary>What Mainstay may do to a service of its own accord when it knows the cause of trouble. In the manifest either this, or the mode alone.</summary>
[PlainValueIs(nameof(Mode))]
public sealed record InterventionsSpec
{
    /// <summary>Nothing, say what to do, or do it. Default suggest.</summary>
    public InterventionMode Mode { get; init; } = InterventionMode.Suggest;

    /// <summary>How many times an hour it is done at most. Default 3; 1 to 60.</summary>
    public int PerHour { get; init; } = 3;

    public IEnumerable<Problem> Validate() => PerHour is < 1 or > 60 ? [new("perHour", $"{PerHour} is outside 1 to 60", "choose a number within")] : [];
}

/// <summary>How far Mainstay goes of its own accord.</summary>
public enum InterventionMode
{
    /// <summary>It does not even suggest.</summary>
    Off,

    /// <summary>It says what to do; a person does it.</summary>
    Suggest,

    /// <summary>It does it, watches whether it helps, and undoes what does not.</summary>
    Act,
}
