using System.Text;
using System.Text.Json;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.State;
using Mainstay.Host.Cli.Client;
using Mainstay.Schedule.Drivers;

namespace Mainstay.Host.Cli.Verbs;

/// <summary>
/// Runs a command with its configuration in the environment and, where wanted, in a file; and does what is asked for when another version is published. Secrets are in their places, which needs the token in the server's
/// data folder.
/// </summary>
sealed class ConfigRun(Session session, string space, string? environment, string? file, string change, string[] command)
{
    static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);
    static readonly string[] Signals = ["HUP", "INT", "TERM", "USR1", "USR2"];
    static readonly int[] Numbers = [1, 2, 15, 10, 12];

    int child;

    /// <summary>What shows that this user administers the server; null where its data folder cannot be read, or another server is asked than the folder's.</summary>
    public static string? TokenOf(Session session)
    {
        try
        {
            if (session.Server is not null && ServerAddress.Find(session.Server, session.DataFolder) != ServerAddress.Find(null, session.DataFolder))
            {
                return null;
            }

            return File.ReadAllText(Path.Combine(session.DataFolder, "run", "token")).Trim();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or CliError)
        {
            return null;
        }
    }

    public async Task<int> RunAsync(CancellationToken stop)
    {
        Check();
        session.Client.Administer(TokenOf(session) ?? throw new CliError(
            $"the token of the server in {session.DataFolder} cannot be read", "run it as the user who started the server, with its --data"));
        var (tag, values) = await ReadAsync(null, stop);
        while (true)
        {
            Render(values);
            using var again = CancellationTokenSource.CreateLinkedTokenSource(stop);
            using var ended = CancellationTokenSource.CreateLinkedTokenSource(stop);
            var running = session.Environment.Child(new(command, values.ToDictionary(v => ConfigSettings.VariableOf(v.Key), v => v.Value, StringComparer.Ordinal)) { Started = id => child = id }, session.Time, again.Token);
            var watching = WatchAsync(tag, running, ended.Token);
            await Task.WhenAny(running, watching);
            if (running.IsCompleted || stop.IsCancellationRequested)
            {
                await ended.CancelAsync();
                await watching.ContinueWith(static _ => { }, TaskScheduler.Default);
                return await running;
            }

            (tag, values) = await watching;
            await again.CancelAsync();
            await running;
        }
    }

    void Check()
    {
        if (command.Length == 0)
        {
            throw new CliError("the command is missing", $"write mainstay config run {space} -- COMMAND", ExitCode.Invalid);
        }

        var isKnown = change is "restart" || change.Split(':', 2) switch
        {
            ["signal", var signal] => Signals.Contains(signal, StringComparer.Ordinal),
            ["exec", var text] => text.Length > 0,
            ["post", var url] => Uri.TryCreate(url, UriKind.Absolute, out var at) && at.Scheme is "http" or "https",
            _ => false,
        };
        if (!isKnown)
        {
            throw new CliError($"'{change}' is nothing to do on a change", $"write restart, signal:{string.Join('|', Signals)}, exec:COMMAND or post:URL", ExitCode.Invalid);
        }
    }

    // Returns where the command is to begin anew.
    async Task<(string Tag, Dictionary<string, string> Values)> WatchAsync(string tag, Task running, CancellationToken stop)
    {
        while (true)
        {
            Dictionary<string, string> values;
            try
            {
                (var next, values) = await ReadAsync(tag, stop);
                if (next == tag)
                {
                    continue;
                }

                tag = next;
            }
            catch (CliError)
            {
                // The server is away; the command runs on with what it has.
                await Task.Delay(Pause, session.Time, stop);
                continue;
            }

            if (change == "restart")
            {
                return (tag, values);
            }

            Render(values);
            if (!running.IsCompleted)
            {
                await TellAsync(values, stop);
            }
        }
    }

    async Task TellAsync(Dictionary<string, string> values, CancellationToken stop)
    {
        var (how, what) = change.Split(':', 2) is [var word, var text] ? (word, text) : (change, "");
        try
        {
            switch (how)
            {
                case "signal":
                    _ = Posix.kill(child, Numbers[Array.IndexOf(Signals, what)]);
                    break;
                case "exec":
                    var code = await session.Environment.Child(new(["/bin/sh", "-c", what], values.ToDictionary(v => ConfigSettings.VariableOf(v.Key), v => v.Value, StringComparer.Ordinal)), session.Time, stop);
                    if (code != 0)
                    {
                        session.Screen.Note($"'{what}' ended with {code}");
                    }

                    break;
                default:
                    using (var client = new HttpClient(session.Environment.Handler()) { Timeout = TimeSpan.FromSeconds(10) })
                    {
                        using var response = await client.PostAsync(new Uri(what), null, stop);
                        if (!response.IsSuccessStatusCode)
                        {
                            session.Screen.Note($"{what} answered {(int)response.StatusCode}");
                        }
                    }

                    break;
            }
        }
        catch (Exception error) when (error is HttpRequestException or TaskCanceledException && !stop.IsCancellationRequested)
        {
            session.Screen.Note($"{what} could not be told: {error.Message}");
        }
    }

    // Whole or not at all, and for nobody else's eyes.
    void Render(Dictionary<string, string> values)
    {
        if (file is null)
        {
            return;
        }

        var path = Path.GetFullPath(file, session.Environment.WorkingFolder);
        try
        {
            File.Delete(path + ".new");
            using (var stream = new FileStream(path + ".new", new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite }))
            {
                stream.Write(Codec.EncodeIndented(values));
            }

            File.Move(path + ".new", path, overwrite: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CliError($"{path} cannot be written: {error.Message}", "name another file with --file");
        }
    }

    async Task<(string Tag, Dictionary<string, string> Values)> ReadAsync(string? tag, CancellationToken stop)
    {
        var reader = session.Environment.Variables.GetValueOrDefault("MAINSTAY_INSTANCE") ?? $"{Environment.MachineName}/{Environment.ProcessId}";
        var query = new StringBuilder($"/internal/v1/config/{Uri.EscapeDataString(space)}?reader={Uri.EscapeDataString(reader)}");
        if (environment is not null)
        {
            query.Append("&environment=").Append(Uri.EscapeDataString(environment));
        }

        if (tag is not null)
        {
            query.Append("&wait=20s");
        }

        var (next, body) = await session.Client.GetIfOtherAsync(query.ToString(), tag, stop);
        return body is null ? (tag!, new Dictionary<string, string>()) : (next, ApiClient.As<Dictionary<string, string>>(body));
    }
}
