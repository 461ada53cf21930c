using System.CommandLine;
using Mainstay.Host.Cli.Client;

namespace Mainstay.Host.Cli.Verbs;

/// <summary>How verbs are told which manifest is meant.</summary>
sealed class ManifestFlags(Flags flags)
{
    public Argument<string[]> Targets { get; } = new("DIR|FILE")
    {
        Description = "Folders with a mainstay.yaml, or manifest files. Default: the present folder.",
        Arity = ArgumentArity.ZeroOrMore,
    };

    public Option<string[]> Files { get; } = flags.Texts("--file", "FILE", "A manifest file that lies over those before it; may be repeated.", "-f");

    public ApplyRequest Read(ParseResult parsed, Session session) =>
        ManifestFiles.Read(parsed.GetValue(Targets) ?? [], parsed.GetValue(Files) ?? [], session.Environment.WorkingFolder);
}
