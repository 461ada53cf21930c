namespace Mainstay.Schedule.Agent;

/// <summary>A command to be run beside an instance: in its container, or with its environment and in its folder.</summary>
/// <param name="Id">Names the asking; its answer carries it.</param>
/// <param name="Instance">The instance's name.</param>
/// <param name="Command">The program and its arguments.</param>
/// <param name="Timeout">After which it is ended.</param>
public sealed record ExecAsk(string Id, string Instance, IReadOnlyList<string> Command, TimeSpan Timeout)
{
    /// <summary>The longest that a command may run.</summary>
    public static readonly TimeSpan MostTime = TimeSpan.FromMinutes(5);

    /// <summary>A command that writes more is ended, in bytes.</summary>
    public const int MostOutput = 4 << 20;
}

/// <summary>How a command ended.</summary>
public sealed record ExecAnswer
{
    /// <summary>As shells count it; null where it was not run, or was ended.</summary>
    public int? ExitCode { get; init; }

    /// <summary>Why there is no exit code, for people.</summary>
    public string Why { get; init; } = "";

    /// <summary>What it wrote to standard output, in base64.</summary>
    public string Output { get; init; } = "";

    /// <summary>What it wrote to standard error, in base64.</summary>
    public string Error { get; init; } = "";
}
