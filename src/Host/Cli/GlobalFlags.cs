using System.CommandLine;

namespace Mainstay.Host.Cli;

/// <summary>The flags of every verb.</summary>
public sealed class GlobalFlags(Flags flags)
{
    public Option<OutputFormat> Output { get; } = Everywhere(flags.Choice("--output", OutputFormat.Table, "How results are written. Default table.", "-o"));

    public Option<string?> Server { get; } = Everywhere(flags.Text("--server", "URL", "The server to ask. Default: the one that runs on the data folder."));

    public Option<string?> Token { get; } = Everywhere(flags.Text("--token", "TOKEN", "Sent to a server that listens beyond this machine. Better given as MAINSTAY_TOKEN: others can read command lines."));

    public Option<string?> Data { get; } = Everywhere(flags.Text("--data", "FOLDER", "Where everything is kept. Default ~/.mainstay."));

    public Option<bool> NoColor { get; } = Everywhere(flags.Switch("--no-color", "No colours; NO_COLOR does the same."));

    public Option<bool> Quiet { get; } = Everywhere(flags.Switch("--quiet", "Only results and errors, no progress and no notes.", "-q"));

    public IEnumerable<Option> All => [Output, Server, Token, Data, NoColor, Quiet];

    static Option<T> Everywhere<T>(Option<T> option)
    {
        option.Recursive = true;
        return option;
    }
}

/// <summary>How results are written.</summary>
public enum OutputFormat
{
    /// <summary>For people.</summary>
    Table,

    /// <summary>As the Admin API has it; what is followed is one document a line.</summary>
    Json,

    /// <summary>The same as YAML; what is followed is a stream of documents.</summary>
    Yaml,
}
