namespace Mainstay.Schedule.Drivers;

/// <summary>How a file of an instance stands.</summary>
sealed record FileStand
{
    /// <summary>The longest wait between two tries.</summary>
    static readonly TimeSpan MostWait = TimeSpan.FromMinutes(1);

    /// <summary>The versions of the last answer; null to be given an answer at once.</summary>
    public string? Seen { get; init; }

    /// <summary>The versions that the instance runs; null for none yet.</summary>
    public string? Tag { get; init; }

    /// <summary>Whether the file is another and the instance has not been told.</summary>
    public bool Due { get; init; }

    /// <summary>Why it does not run what it has seen; null where nothing stands against it.</summary>
    public string? Problem { get; init; }

    /// <summary>How often it was tried in vain.</summary>
    public int Failures { get; init; }

    /// <summary>When it is tried again; null where that is not called for.</summary>
    public DateTimeOffset? Again { get; init; }

    /// <summary>It is done.</summary>
    public FileStand Done(string tag) => new() { Seen = tag, Tag = tag };

    /// <summary>It failed: tried again after 1 s, 2 s, 4 s … 1 m.</summary>
    public FileStand Failed(string tag, string why, DateTimeOffset now) => this with
    {
        Seen = tag, Problem = why, Failures = Failures + 1, Again = now + TimeSpan.FromSeconds(Math.Min(1L << Math.Min(Failures, 20), (long)MostWait.TotalSeconds)),
    };

    /// <summary>The instance cannot be told yet.</summary>
    public FileStand Wait(string tag, DateTimeOffset until) => this with { Seen = tag, Due = true, Again = until };

    /// <summary>Asks anew where it is time to.</summary>
    public FileStand At(DateTimeOffset now) => Again <= now ? this with { Seen = null, Again = null } : this;
}
