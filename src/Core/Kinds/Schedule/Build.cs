namespace Mainstay.Core.Kinds.Schedule;

/// <summary>One build of a service's software. Its name is <c>service-digest12</c>, so the same content is built once.</summary>
public sealed record Build : Resource
{
    public required string Service { get; init; }

    /// <summary>The host whose agent builds it.</summary>
    public required string Host { get; init; }

    /// <summary>The command, for <c>/bin/sh</c>.</summary>
    public required string Command { get; init; }

    /// <summary>Absolute working folder.</summary>
    public required string Folder { get; init; }

    /// <summary>Content hash of the inputs, <c>sha256</c> in hexadecimal.</summary>
    public required string Digest { get; init; }

    /// <summary>Ends the build when it takes longer.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Grows when the same content is to be built again after a failure.</summary>
    public int Attempt { get; init; } = 1;

    public BuildStatus Status { get; init; } = new();

    /// <summary>The name of the build of <paramref name="digest"/> for <paramref name="service"/>.</summary>
    public static string NameOf(string service, string digest) => $"{service}-{digest[..12]}";

    /// <summary>The service of the build called <paramref name="build"/>.</summary>
    public static string ServiceOf(string build) => build[..^13];
}

/// <summary>How a build stands.</summary>
public sealed record BuildStatus
{
    public BuildState State { get; init; }

    /// <summary>The attempt that the state is about.</summary>
    public int Attempt { get; init; }

    public DateTimeOffset? StartedAt { get; init; }

    public DateTimeOffset? FinishedAt { get; init; }

    public int? ExitCode { get; init; }

    /// <summary>The last lines of the build's output when it failed; at most 4 KiB.</summary>
    public string Tail { get; init; } = "";
}

/// <summary>The states of a build.</summary>
public enum BuildState
{
    Pending,
    Running,
    Succeeded,
    Failed,
}
