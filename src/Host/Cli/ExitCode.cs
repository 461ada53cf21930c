namespace Mainstay.Host.Cli;

/// <summary>What the process returns.</summary>
public static class ExitCode
{
    public const int Ok = 0;

    /// <summary>What was asked for did not come about.</summary>
    public const int Failed = 1;

    /// <summary><c>plan</c> alone: applying would change something.</summary>
    public const int Changes = 1;

    /// <summary>Wrong usage or invalid input; nothing was changed.</summary>
    public const int Invalid = 2;

    /// <summary>The time to wait was over; what was started goes on.</summary>
    public const int TimedOut = 3;

    /// <summary>Ended by Ctrl-C (128 + SIGINT).</summary>
    public const int Interrupted = 130;
}
