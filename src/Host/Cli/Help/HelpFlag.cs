using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Mainstay.Host.Cli.Help;

/// <summary>Makes <c>--help</c> write <see cref="HelpText"/>.</summary>
static class HelpFlag
{
    public static void Install(RootCommand root)
    {
        root.Options.Remove(root.Options.OfType<HelpOption>().Single());
        root.Add(new HelpOption("--help", "-h") { Description = "Show this.", Recursive = true, Action = new Write(root) });
        root.Options.OfType<VersionOption>().Single().Description = "Show the version of this binary.";
    }

    sealed class Write(RootCommand root) : SynchronousCommandLineAction
    {
        public override bool ClearsParseErrors => true;

        public override int Invoke(ParseResult parseResult)
        {
            var verb = parseResult.CommandResult.Command;
            foreach (var line in verb == root ? HelpText.Of(root) : HelpText.Of(verb, root))
            {
                parseResult.InvocationConfiguration.Output.WriteLine(line);
            }

            return ExitCode.Ok;
        }
    }
}
