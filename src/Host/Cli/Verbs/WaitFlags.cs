using System.CommandLine;
using Mainstay.Host.Cli.Progress;

namespace Mainstay.Host.Cli.Verbs;

/// <summary>The flags of verbs that can wait for their effect.</summary>
sealed class WaitFlags(Flags flags)
{
    public Option<bool> Wait { get; } = flags.Switch("--wait", "Wait until what was asked for has come about, and show how it goes.");

    public Option<TimeSpan> Timeout { get; } = flags.Duration("--timeout", FollowOptions.DefaultTimeout, "How long to wait.");

    /// <summary>Waits where that was asked for.</summary>
    public async Task<int> FollowAsync(ParseResult parsed, Session session, FollowOptions options, CancellationToken stop)
    {
        if (!parsed.GetValue(Wait))
        {
            return ExitCode.Ok;
        }

        try
        {
            return await ProgressView.FollowAsync(session.Client, session, options with { Timeout = parsed.GetValue(Timeout) }, stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            session.Screen.Note("no longer waiting; it goes on: 'mainstay status -w' follows it");
            throw;
        }
    }
}
