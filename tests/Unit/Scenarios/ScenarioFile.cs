using System.Runtime.CompilerServices;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Scenarios;

/// <summary>
/// A text file of steps, each a command with input and the whole trace that it gives:
/// <code>
/// # a comment, up to the first line of a step
/// command and its words
/// input lines, if any
/// ----
/// the trace
/// </code>
/// A step ends at the first empty line of its trace. A trace that holds empty lines is put between two lines <c>----</c> and two more.
/// With <c>MAINSTAY_RECORD=1</c> in the environment the traces are written anew into the source tree, to be reviewed as a diff.
/// </summary>
public sealed class ScenarioFile
{
    const string Line = "----";
    readonly string path;
    readonly List<Part> parts = [];

    ScenarioFile(string path)
    {
        this.path = path;
        Parse(File.ReadAllText(path).Split('\n'));
    }

    /// <summary>The files of a folder below <c>Scenarios/</c>, for <c>[MemberData]</c>.</summary>
    public static TheoryData<string> In(string folder) =>
        [.. Directory.EnumerateFiles(Path.Combine(SourceFolder(), folder), "*.txt")
            .Select(f => $"{folder}/{Path.GetFileName(f)}")
            .Order(StringComparer.Ordinal)];

    /// <summary>Runs every step of <paramref name="name"/> (<c>folder/file.txt</c>) in order and compares, or records, its trace.</summary>
    public static void Run(string name, Func<ScenarioStep, string> run)
    {
        var file = new ScenarioFile(Path.Combine(SourceFolder(), name));
        file.parts.OfType<StepPart>().ShouldNotBeEmpty($"{name} holds no step");
        var traces = new List<(StepPart Step, string Trace)>();
        foreach (var step in file.parts.OfType<StepPart>())
        {
            traces.Add((step, Tidy(run(step.Step))));
        }

        if (Environment.GetEnvironmentVariable("MAINSTAY_RECORD") == "1")
        {
            file.Record(traces.ToDictionary(t => t.Step, t => t.Trace));
            return;
        }

        foreach (var (step, trace) in traces)
        {
            trace.ShouldBe(step.Trace, $"{name}:{step.Step.LineNumber}: {step.Step.Command}");
        }
    }

    static string Tidy(string trace) => string.Join('\n', trace.Split('\n').Select(l => l.TrimEnd())).TrimEnd('\n');

    void Parse(string[] lines)
    {
        var at = 0;
        while (at < lines.Length)
        {
            if (lines[at].Length == 0 || lines[at].StartsWith('#'))
            {
                parts.Add(new TextPart(lines[at++]));
                continue;
            }

            var start = at;
            var end = Array.IndexOf(lines, Line, start);
            end.ShouldBeGreaterThan(start, $"{path}:{start + 1}: a step without '{Line}'");
            at = end + 1;
            var trace = ReadTrace(lines, ref at);
            parts.Add(new StepPart(
                new(lines[start], string.Join('\n', lines[(start + 1)..end]), start + 1),
                string.Join('\n', lines[start..end]),
                trace));
        }
    }

    static string ReadTrace(string[] lines, ref int at)
    {
        var fenced = at < lines.Length && lines[at] == Line;
        var start = fenced ? ++at : at;
        while (at < lines.Length && (fenced ? !(lines[at] == Line && lines.ElementAtOrDefault(at + 1) == Line) : lines[at].Length > 0))
        {
            at++;
        }

        var trace = string.Join('\n', lines[start..at]);
        at += fenced ? 2 : 0;
        return trace;
    }

    void Record(Dictionary<StepPart, string> traces)
    {
        var lines = parts.Select(part => part switch
        {
            StepPart step when HasEmptyLine(traces[step]) => $"{step.Source}\n{Line}\n{Line}\n{traces[step]}\n{Line}\n{Line}",
            StepPart step when traces[step].Length == 0 => $"{step.Source}\n{Line}",
            StepPart step => $"{step.Source}\n{Line}\n{traces[step]}",
            _ => ((TextPart)part).Text,
        });
        File.WriteAllText(path, string.Join('\n', lines));
    }

    static bool HasEmptyLine(string trace) => trace.Split('\n') is { Length: > 1 } lines && lines.Any(l => l.Length == 0);

    static string SourceFolder([CallerFilePath] string thisFile = "") => Path.GetDirectoryName(thisFile)!;

    abstract record Part;

    sealed record TextPart(string Text) : Part;

    sealed record StepPart(ScenarioStep Step, string Source, string Trace) : Part;
}

/// <summary>One step of a scenario.</summary>
/// <param name="Command">Its first line.</param>
/// <param name="Input">The lines between the command and <c>----</c>.</param>
/// <param name="LineNumber">Where the command stands in its file.</param>
public sealed record ScenarioStep(string Command, string Input, int LineNumber)
{
    /// <summary>The command's words, split at spaces.</summary>
    public string[] Words => Command.Split(' ', StringSplitOptions.RemoveEmptyEntries);
}
