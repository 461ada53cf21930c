using System.Diagnostics;

namespace Mainstay.EndToEnd.Harness;

/// <summary>How a run of the command line ended.</summary>
/// <param name="Code">Exit code.</param>
/// <param name="Out">Standard output.</param>
/// <param name="Error">Standard error.</param>
sealed record Outcome(string Line, int Code, string Out, string Error)
{
    /// <summary>The lines of standard error that say how it ended: what went wrong, what to do, details. Progress before them is left out.</summary>
    public IReadOnlyList<string> ErrorLines => Error.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    public Outcome ShouldBe(int code)
    {
        Code.ShouldBe(code, ToString());
        return this;
    }

    public override string ToString() => $"$ mainstay {Line}\nexit code {Code}\n{Out}{Error}";
}

/// <summary>Runs the binary like a person at a shell.</summary>
static class Command
{
    /// <summary>No command takes longer.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromMinutes(6);

    /// <summary>Runs it to its end.</summary>
    public static async Task<Outcome> RunAsync(IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string>? environment = null, string? folder = null)
    {
        using var process = Start(arguments, environment, folder);
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        using var limit = new CancellationTokenSource(Longest);
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            throw new TimeoutException($"mainstay {string.Join(' ', arguments)} did not end within {Longest}: {await error}");
        }

        return new(string.Join(' ', arguments), process.ExitCode, await output, await error);
    }

    /// <summary>Starts it; its output must be read.</summary>
    public static Process Start(IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string>? environment = null, string? folder = null)
    {
        if (!File.Exists(Repository.Binary))
        {
            throw new InvalidOperationException($"{Repository.Binary} is missing: run './mainstay --build-only' first");
        }

        // A shell that started us in the background has us ignore SIGINT, which children inherit and a person's shell would not hand on.
        var start = new ProcessStartInfo("env", ["--default-signal=INT", Repository.Binary, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            WorkingDirectory = folder ?? Path.GetTempPath(),
        };
        foreach (var inherited in start.Environment.Keys.Where(k => k.StartsWith("MAINSTAY_", StringComparison.Ordinal)).ToArray())
        {
            start.Environment.Remove(inherited);
        }

        foreach (var (key, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[key] = value;
        }

        return Process.Start(start)!;
    }
}
