using Mainstay.Core.Kinds;
using Mainstay.Host.Cli.Client;
using Mainstay.Host.Cli.Output;

namespace Mainstay.Host.Cli.Progress;

/// <summary>What is waited for.</summary>
public sealed record FollowOptions
{
    /// <summary>The one service that is waited for; null is all.</summary>
    public string? Service { get; init; }

    /// <summary>The architecture's version that must be in force at least.</summary>
    public int Version { get; init; }

    /// <summary>How long to wait. Default 5m.</summary>
    public TimeSpan Timeout { get; init; } = DefaultTimeout;

    public static TimeSpan DefaultTimeout => TimeSpan.FromMinutes(5);
}

/// <summary>
/// Shows how everything comes to stand as declared: drawn in place on a terminal, elsewhere one line for each transition. Waiting changes nothing:
/// whoever stops it leaves what happens as it is.
/// </summary>
public sealed class ProgressView
{
    static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(250);

    readonly ApiClient client;
    readonly Session session;
    readonly FollowOptions options;
    readonly Lock drawing = new();
    readonly LiveArea area;
    readonly Dictionary<string, FailureAid> aids = new(StringComparer.Ordinal);
    StatusView? last;

    ProgressView(ApiClient client, Session session, FollowOptions options)
    {
        (this.client, this.session, this.options) = (client, session, options);
        area = new(session.Screen);
    }

    Screen Screen => session.Screen;

    /// <summary>Shows progress until all that is waited for serves, one of it failed, or time is over. Errors are written, not thrown.</summary>
    /// <param name="client">Whose server is followed.</param>
    /// <param name="session">Where it is shown.</param>
    /// <param name="options">What is waited for.</param>
    /// <param name="stop">Ends the waiting alone.</param>
    /// <returns><see cref="ExitCode.Ok"/>, <see cref="ExitCode.Failed"/> or <see cref="ExitCode.TimedOut"/>.</returns>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> was asked for.</exception>
    /// <exception cref="CliError">The server does not answer or refuses.</exception>
    public static async Task<int> FollowAsync(ApiClient client, Session session, FollowOptions options, CancellationToken stop)
    {
        var error = await new ProgressView(client, session, options).RunAsync(stop);
        if (error is null)
        {
            return ExitCode.Ok;
        }

        session.Screen.Error(error);
        return error.Code;
    }

    /// <summary>Writes one line for each transition from now on, until it is stopped.</summary>
    /// <param name="client">Whose server is followed.</param>
    /// <param name="session">Where it is shown.</param>
    /// <param name="first">Called with the status that the transitions start from; null where it is known already.</param>
    /// <param name="stop">Ends it.</param>
    public static async Task ReportAsync(ApiClient client, Session session, Action<StatusView>? first, CancellationToken stop)
    {
        var view = new ProgressView(client, session, new());
        await foreach (var status in client.WatchStatusAsync(view.Lost, stop))
        {
            if (view.last is null)
            {
                first?.Invoke(status);
            }
            else
            {
                view.WriteTransitions(view.last, status);
            }

            view.last = status;
        }
    }

    async Task<CliError?> RunAsync(CancellationToken stop)
    {
        var began = session.Time.GetTimestamp();
        using var limit = new CancellationTokenSource(options.Timeout, session.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, stop);
        using var ticks = Screen.InPlace ? session.Time.CreateTimer(_ => Draw(), null, Tick, Tick) : null;
        try
        {
            await foreach (var status in client.WatchStatusAsync(Lost, either.Token))
            {
                await ShowAsync(status, either.Token);
                switch (Verdict.Of(status, options.Service, options.Version))
                {
                    case Outcome.Done:
                        Screen.Progress.WriteLine(Done(status, session.Time.GetElapsedTime(began)));
                        return null;
                    case Outcome.Failed:
                        return Failed(status);
                }
            }
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !stop.IsCancellationRequested)
        {
            return TimedOut();
        }

        throw new OperationCanceledException(stop);
    }

    async Task ShowAsync(StatusView status, CancellationToken stop)
    {
        foreach (var broken in Verdict.Waited(status, options.Service).Where(s => Verdict.IsBroken(s) && !aids.ContainsKey(s.Name)))
        {
            var aid = await FailureAid.OfAsync(client, broken, stop);
            lock (drawing)
            {
                aids[broken.Name] = aid;
            }
        }

        var before = last;
        lock (drawing)
        {
            last = status;
        }

        if (Screen.InPlace)
        {
            Draw();
        }
        else
        {
            WriteTransitions(before, status);
        }
    }

    void Draw()
    {
        lock (drawing)
        {
            if (last is not null)
            {
                area.Draw(ProgressTree.Lines(last, options.Service, aids, session.Time.GetUtcNow(), Screen.Height - 1));
            }
        }
    }

    void WriteTransitions(StatusView? before, StatusView now)
    {
        var names = now.Services.Select(s => s.Name.Length).DefaultIfEmpty().Max();
        var clock = Quantities.Clock(session.Time.GetUtcNow(), session.Time);
        foreach (var transition in Transitions.Between(before, now).Where(t => options.Service is null || t.Service == options.Service))
        {
            Screen.Progress.WriteLine($"{clock}  {Screen.Paint(transition.Tone, transition.Text(names))}");
        }

        Screen.Progress.Flush();
    }

    void Lost()
    {
        if (!Screen.InPlace)
        {
            Screen.Note(ServerEvents.LostNote);
        }
    }

    string Done(StatusView status, TimeSpan took) => options.Service is { } service && status.Find(service) is { } view
        ? $"{service} runs with {Quantities.Count(view.Ready, "instance")} after {Quantities.Elapsed(took)}"
        : $"{Quantities.Count(status.Services.Count, "service runs", "services run")} after {Quantities.Elapsed(took)}";

    CliError Failed(StatusView status)
    {
        var broken = Verdict.Waited(status, options.Service).Where(Verdict.IsBroken).ToArray();
        var first = broken[0];
        var more = broken.Length > 1 ? $", and {Quantities.Count(broken.Length - 1, "more")}" : "";
        return new($"{first.Name} {(first.State == Core.Kinds.Schedule.Lifecycle.Failed ? "failed" : "was rolled back")}: {Transition.Why(first)}{more}", aids[first.Name].NextStep)
        {
            // On a terminal the drawing above shows them already.
            Details = Screen.InPlace ? [] : [.. broken.SelectMany(s => aids[s.Name].LastLines.Select(l => $"  {s.Name} | {l}"))],
        };
    }

    CliError TimedOut()
    {
        var open = last is null ? [] : Verdict.Waited(last, options.Service).Where(s => !Verdict.IsThere(s)).ToArray();
        var who = open.Length == 0 ? "the server has not said how things stand" : string.Join("; ", open.Select(s => $"{s.Name} is {s.State} ({Transition.Why(s)})"));
        return new($"not done after {Durations.Format(options.Timeout)}: {who}", "it goes on: 'mainstay status -w' follows it, --timeout waits longer", ExitCode.TimedOut);
    }
}
