using Mainstay.Schedule.Agent;

namespace Mainstay.Schedule.Drivers;

/// <summary>Runs a command with an instance's environment in its folder, and keeps what it writes, up to a limit.</summary>
static class ExecRun
{
    static readonly TimeSpan Look = TimeSpan.FromMilliseconds(50);

    public static async Task<ExecAnswer> RunAsync(ExecAsk ask, Dictionary<string, string> environment, string workingFolder, DataFolder folder, EventThread events, TimeProvider time, CancellationToken stop)
    {
        // A name of our own: the asking's comes from outside.
        var place = Path.Combine(folder.Agent, $"exec-{Path.GetRandomFileName()}");
        var (output, error) = (place + ".out", place + ".err");
        using var tooMuch = CancellationTokenSource.CreateLinkedTokenSource(stop);
        try
        {
            var running = OneShot.RunAsync(new(Argv(ask.Command), environment, workingFolder, output, error), events, ask.Timeout, time, tooMuch.Token);
            while (!running.IsCompleted)
            {
                await Task.WhenAny(running, Task.Delay(Look, time, CancellationToken.None));
                if (Length(output) + Length(error) > ExecAsk.MostOutput)
                {
                    await tooMuch.CancelAsync();
                }
            }

            var (code, why) = await running;
            return new()
            {
                ExitCode = code,
                Why = tooMuch.IsCancellationRequested && !stop.IsCancellationRequested ? $"it wrote more than {ExecAsk.MostOutput >> 20} MiB and was ended" : why,
                Output = Convert.ToBase64String(Read(output)),
                Error = Convert.ToBase64String(Read(error)),
            };
        }
        finally
        {
            File.Delete(output);
            File.Delete(error);
        }
    }

    // The shell finds the program as it finds that of the instance.
    static string[] Argv(IReadOnlyList<string> command) => [ShellCommand.Shell, "-c", "exec \"$0\" \"$@\"", .. command];

    static long Length(string path) => new FileInfo(path) is { Exists: true } file ? file.Length : 0;

    static byte[] Read(string path)
    {
        if (!File.Exists(path))
        {
            return [];
        }

        using var file = File.OpenRead(path);
        var content = new byte[(int)Math.Min(file.Length, ExecAsk.MostOutput)];
        return content[..file.ReadAtLeast(content, content.Length, throwOnEndOfStream: false)];
    }
}
