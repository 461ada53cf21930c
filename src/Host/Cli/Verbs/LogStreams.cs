using System.Text.Json.Nodes;
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
        var lines = new List<(LogLine Line, JsonNode Json)>();
        foreach (var path in paths)
        {
            await foreach (var json in session.Client.LinesAsync(path, stop))
            {
                lines.Add((ApiClient.As<LogLine>(json), json));
            }
        }

        foreach (var (line, json) in lines.OrderBy(l => l.Line.At))
        {
            session.Screen.WriteItem(json, () => Write(session.Screen, line));
        }
    }

    /// <summary>What is there now and all that comes, in the order of its arrival.</summary>
    public static async Task FollowAsync(Session session, IReadOnlyList<string> paths, CancellationToken stop)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var lines = Channel.CreateBounded<ServerEvent>(1024);
        var readers = CompleteAsync(paths.Select(p => PumpAsync(session, p, lines.Writer, ended.Token)), lines.Writer);
        try
        {
            // Not ended by the stop itself but by the readers' end: what was read is written.
            await foreach (var next in lines.Reader.ReadAllAsync(CancellationToken.None))
            {
                switch (next.Type)
                {
                    case ServerEvent.Lost:
                        session.Screen.Note(ServerEvents.LostNote);
                        break;
                    case "log":
                        session.Screen.WriteItem(next.Data, () => Write(session.Screen, ApiClient.As<LogLine>(next.Data)));
                        break;
                }
            }
        }
        finally
        {
            await ended.CancelAsync();
            await readers;
        }

        stop.ThrowIfCancellationRequested();
    }

    static async Task CompleteAsync(IEnumerable<Task> readers, ChannelWriter<ServerEvent> to)
    {
        await Task.WhenAll(readers);
        to.TryComplete();
    }

    // One source that fails ends all: a follower that silently lost a source would be believed.
    static async Task PumpAsync(Session session, string path, ChannelWriter<ServerEvent> to, CancellationToken stop)
    {
        try
        {
            var events = new ServerEvents(session.Client, $"{path}&follow=true") { AfterLoss = path[..(path.LastIndexOf('=') + 1)] + "0&follow=true" };
            await foreach (var next in events.ReadAsync(stop))
            {
                await to.WriteAsync(next, stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The end of following.
        }
        catch (ChannelClosedException)
        {
            // Another source has failed, and told why.
        }
        catch (Exception error)
        {
            to.TryComplete(error);
        }
    }

    static void Write(Screen screen, LogLine line)
    {
        var who = line.Instance is { Length: > 0 } instance ? screen.Paint(ToneOf(instance), instance) + " | " : "";
        screen.Line(who + (line.Stream == "err" ? screen.Paint(Tone.Bad, line.Text) : line.Text));
    }

    // The same instance has the same colour in every run.
    static Tone ToneOf(string instance) => Tones[instance.Sum(c => c) % Tones.Length];
}
