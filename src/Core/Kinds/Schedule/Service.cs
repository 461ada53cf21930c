namespace Mainstay.Core.Kinds.Schedule;

/// <summary>A service: what the manifest declares of it, what was asked of it since, and how it stands.</summary>
public sealed record Service : Resource
{
    public required ServiceSpec Spec { get; init; }

    /// <summary>Content hash of what the build reads, as <c>sha256</c> in hexadecimal; null where nothing is built. Part of the architecture version.</summary>
    public string? Digest { get; init; }

    /// <summary>The number of instances asked for by <c>mainstay scale</c>; null is <see cref="Auto"/>, or <see cref="InstanceCount.Min"/>. Kept across applies, within the bounds; 0 switches the service off.</summary>
    public int? Scale { get; init; }

    /// <summary>The number of instances that automatic scaling asks for; null before its first decision. It holds where the service declares <c>scale</c> and nobody set a number by hand. No part of a version.</summary>
    public int? Auto { get; init; }

    /// <summary>What its configuration comes to now; null where it declares none. No part of a version: a publish changes it.</summary>
    public State.ServiceSettings? Settings { get; init; }

    /// <summary>Grows with every <c>restart</c>; instances of an older generation are replaced one after another.</summary>
    public int Generation { get; init; }

    /// <summary>True when the manifest no longer declares it: it is stopped, then forgotten.</summary>
    public bool Removed { get; init; }

    /// <summary>Absolute folder of the manifest that declared it; relative folders start there.</summary>
    public required string BaseFolder { get; init; }

    /// <summary>Services that were changed together with it and move first: its instances are not replaced before those have theirs. Providers come first, in a rollback their consumers. Null for none.</summary>
    public IReadOnlyList<string>? After { get; init; }

    /// <summary>What somebody said about the release that is under way; null where nothing was said.</summary>
    public ReleaseWord? Release { get; init; }

    public ServiceStatus Status { get; init; } = new();

    /// <summary>How many instances are to run while the architecture runs; none of what others run.</summary>
    public int Wanted() => Scale == 0 || Spec.External is not null ? 0 : Math.Clamp(Scale ?? (Spec.Scale is null ? null : Auto) ?? Spec.Instances.Min, Spec.Instances.Min, Spec.Instances.Max);

    /// <summary>Identifies what is asked of it now: 12 hexadecimal characters over everything but the status, whatever the order of map keys. See <see cref="ServiceStatus.Observed"/>.</summary>
    /// <param name="running">Whether the architecture is to run.</param>
    public string Asked(bool running)
    {
        var asked = Codec.EncodeSorted((object)new { Spec, Digest, Scale, Settings, Generation, Removed, BaseFolder, running });
        return Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(asked))[..12];
    }

    public override IEnumerable<Problem> Validate()
    {
        if (Name == Traffic.Gateway.TheName)
        {
            yield return new("name", "the gateway has this name on the map", "choose another name for the service");
        }

        // A dot separates caller and callee in the name of a mesh link.
        if (Name.Contains('.'))
        {
            yield return new("name", $"'{Name}' contains a dot", "use '-' instead");
        }

        foreach (var problem in base.Validate().Concat(Spec.Validate().Select(p => p.Under("spec"))))
        {
            yield return problem;
        }
    }
}

/// <summary>How a service stands.</summary>
public sealed record ServiceStatus
{
    public Lifecycle State { get; init; } = Lifecycle.Provision;

    /// <summary>Why it is in that state: one CamelCase word of <see cref="Reasons"/>, for programs.</summary>
    public string Reason { get; init; } = Reasons.Declared;

    /// <summary>Why it is in that state, for people, with what to do where something is to be done.</summary>
    public string Message { get; init; } = "";

    /// <summary>When it entered the state.</summary>
    public DateTimeOffset Since { get; init; }

    /// <summary>The version that serves; null before any instance was ready.</summary>
    public string? Version { get; init; }

    /// <summary>How many instances are wanted now; 0 while the architecture is stopped.</summary>
    public int Wanted { get; init; }

    /// <summary>How many instances are ready now.</summary>
    public int Ready { get; init; }

    /// <summary>The template that last had all its instances ready: what a failed update goes back to.</summary>
    public InstanceTemplate? Stable { get; init; }

    /// <summary>The hash of a template that did not become ready and was rolled back; not tried again until the declaration changes.</summary>
    public string? Rejected { get; init; }

    /// <summary>Why <see cref="Rejected"/> was rolled back, for people; empty where nothing is rejected.</summary>
    public string RejectedBecause { get; init; } = "";

    /// <summary>The hash of the template that is replacing others, by an update or a rollback; null while nothing is being replaced.</summary>
    public string? Incoming { get; init; }

    /// <summary>When the update to <see cref="Incoming"/> counts as failed, unless it makes progress before; null while it is not judged.</summary>
    public DateTimeOffset? Deadline { get; init; }

    /// <summary>The release that is under way, or the last one; null before the first.</summary>
    public ReleaseStatus? Release { get; init; }

    /// <summary>What was asked of the service, as <see cref="Service.Asked"/>, when this status was made: while it differs from what is asked now, the status is about something older.</summary>
    public string? Observed { get; init; }

    /// <summary>The number that the next instance's name gets; never reused.</summary>
    public int NextInstance { get; init; } = 1;
}
