using System.Text.Json;
using System.Text.Json.Nodes;
using Mainstay.Core.Kinds;

namespace Mainstay.Host.Cli.Output;

/// <summary>Where a command writes. Results go to standard output; progress too where it is read by people, else to standard error.</summary>
public sealed class Screen
{
    readonly CliEnvironment environment;
    readonly bool quiet;

    internal Screen(CliEnvironment environment, OutputFormat format, bool noColor, bool quiet)
    {
        this.environment = environment;
        this.quiet = quiet;
        Format = format;
        var plain = noColor
            || environment.Variables.GetValueOrDefault("NO_COLOR") is { Length: > 0 }
            || environment.Variables.GetValueOrDefault("TERM") is "dumb";
        Color = !plain && environment.OutIsTerminal && format == OutputFormat.Table;
        InPlace = environment.OutIsTerminal && format == OutputFormat.Table && environment.Variables.GetValueOrDefault("TERM") is not "dumb";
    }

    public OutputFormat Format { get; }

    /// <summary>Whether colours are written.</summary>
    public bool Color { get; }

    /// <summary>Whether progress is drawn in place rather than line by line.</summary>
    public bool InPlace { get; }

    public bool Quiet => quiet;

    public int Width => environment.Width();

    public int Height => environment.Height();

    public TextWriter Out => environment.Out;

    /// <summary>Where progress goes: with the results where people read them, apart from them where programs do; nowhere when quiet.</summary>
    public TextWriter Progress => quiet ? TextWriter.Null : Format == OutputFormat.Table ? environment.Out : environment.Error;

    public string Paint(Tone tone, string text) => Color ? Tones.Paint(tone, text) : text;

    public void Line(string text = "") => environment.Out.WriteLine(text);

    /// <summary>Something worth knowing that is no result.</summary>
    public void Note(string text)
    {
        if (!quiet)
        {
            environment.Error.WriteLine(text);
        }
    }

    /// <summary>What went wrong, what to do, and the details below.</summary>
    public void Error(CliError error)
    {
        foreach (var line in error.Details.Prepend(error.Remedy).Prepend(error.What))
        {
            environment.Error.WriteLine(line);
        }
    }

    /// <summary>Writes a result as <paramref name="table"/> for people, or whole for programs.</summary>
    public void Write(JsonNode? value, Action table)
    {
        switch (Format)
        {
            case OutputFormat.Json:
                Line(value?.ToJsonString(Codec.Indented) ?? "null");
                break;
            case OutputFormat.Yaml:
                environment.Out.Write(Yaml.Of(value));
                break;
            default:
                table();
                break;
        }
    }

    /// <summary>Writes one item of something followed: a line, or a document of a stream.</summary>
    public void WriteItem(JsonNode? value, Action line)
    {
        switch (Format)
        {
            case OutputFormat.Json:
                Line(value?.ToJsonString(Codec.Options) ?? "null");
                break;
            case OutputFormat.Yaml:
                Line("---");
                environment.Out.Write(Yaml.Of(value));
                break;
            default:
                line();
                break;
        }

        environment.Out.Flush();
    }

    /// <summary>A value of ours as the JSON that programs get.</summary>
    public static JsonNode? Json<T>(T value) => Codec.Tree(value);
}
