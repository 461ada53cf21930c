using System.Threading.Channels;
using Mainstay.Host.Cli.Client;
using Mainstay.Host.Cli.Output;

namespace Mainstay.Host.Cli.Verbs;

/// <summary>Reads the lines of several sources into one output.</summary>
static class LogStreams
{
    static readonly Tone[] Tones = [Tone.Accent, Tone.Good, Tone.Busy, Tone.Strong];

    /// <summary>What is there now, oldest first over all sources.</summary>
    public static async Task ReadAsync(Session session, IReadOnlyList<string> paths, CancellationToken stop)
    {
        var lines = new List<LogLine>();
        foreach (var path in paths)
        {
            await foreach (var line in session.Client.LinesAsync<LogLine>(path, stop))
            {
                lines.Add(line);
            }
        }

        foreach (var line in lines.OrderBy(l => l.At))
        {
            Write(session.Screen, line);
        }
    }

    /// <summary>What is there now and all that comes, in the order of its arrival.</summary>
    public static async Task FollowAsync(Session session, IReadOnlyList<string> paths, CancellationToken stop)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var lines = Channel.CreateBounded<LogLine>(1024);
        var readers = Task.WhenAll(paths.Select(p => PumpAsync(session, p, lines.Writer, ended.Token)));
        try
        {
            await foreach (var line in lines.Reader.ReadAllAsync(stop))
            {
                Write(session.Screen, line);
                await session.Screen.Out.FlushAsync(stop);
            }
        }
        finally
        {
            await ended.CancelAsync();
            await readers.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    // One source that fails ends all: a follower that silently lost a source would be believed.
    static async Task PumpAsync(Session session, string path, ChannelWriter<LogLine> to, CancellationToken stop)
    {
        try
        {
            var again = path[..(path.LastIndexOf('=') + 1)] + "0&follow=true";
            var events = new ServerEvents(session.Client, path + "&follow=true", () => session.Screen.Note("the connection to the server is lost; trying again"), again);
            await foreach (var line in events.ReadAsync(stop))
            {
                if (line.Type == "log")
                {
                    await to.WriteAsync(ApiClient.As<LogLine>(line.Data), stop);
                }
            }
        }
        catch (CliError error)
        {
            to.TryComplete(error);
        }
    }

    static void Write(Screen screen, LogLine line)
    {
        if (screen.Format != OutputFormat.Table)
        {
            screen.WriteItem(Screen.Json(line), static () => { });
            return;
        }

        var who = line.Instance is { Length: > 0 } instance ? screen.Paint(ToneOf(instance), instance) + " | " : "";
        screen.Line(who + (line.Stream == "err" ? screen.Paint(Tone.Bad, line.Text) : line.Text));
    }

    // The same instance has the same colour in every run.
    static Tone ToneOf(string instance) => Tones[instance.Sum(c => c) % Tones.Length];
}
