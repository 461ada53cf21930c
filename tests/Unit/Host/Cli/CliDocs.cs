using System.CommandLine;
using System.Runtime.CompilerServices;
using System.Text;
using Mainstay.Host.Cli;
using Mainstay.Host.Cli.Help;
using Mainstay.Host.Cli.Verbs;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Host.Cli;

/// <summary>The list of verbs and flags in <c>docs/cli.md</c> is the one that the binary has. Recorded anew with <c>MAINSTAY_RECORD=1</c>.</summary>
public class CliDocs
{
    const string Heading = "## Verbs\n\n";

    [Fact]
    public void Docs_list_every_verb_and_flag()
    {
        var path = Path.Combine(Path.GetDirectoryName(ThisFile())!, "../../../../docs/cli.md");
        var text = File.ReadAllText(path);
        var start = text.IndexOf(Heading, StringComparison.Ordinal) + Heading.Length;
        var expected = Reference(CommandLine.Build(CliStage.BareEnvironment()));
        if (Environment.GetEnvironmentVariable("MAINSTAY_RECORD") == "1")
        {
            File.WriteAllText(path, text[..start] + expected);
            return;
        }

        text[start..].ShouldBe(expected);
    }

    [Fact]
    public void Every_verb_and_flag_is_described_by_a_sentence()
    {
        var root = CommandLine.Build(CliStage.BareEnvironment());
        var texts = root.Subcommands.SelectMany(c => c.Options.Select(o => o.Description).Concat(c.Arguments.Select(a => a.Description)).Append(c.Description))
            .Concat(root.Options.Select(o => o.Description));
        texts.ShouldAllBe(t => t != null && t.EndsWith('.'));
    }

    static string Reference(RootCommand root)
    {
        var text = new StringBuilder("Flags of every verb:\n\n");
        Table(text, root.Options.Where(o => o.Recursive && o.Name != "--help"));
        foreach (var verb in root.Subcommands.Where(c => c.Name != "complete"))
        {
            text.Append($"\n### {verb.Name}\n\n`{HelpText.Usage(verb)}`\n\n{verb.Description}\n");
            foreach (var argument in verb.Arguments)
            {
                text.Append($"\n- `{argument.Name}` {argument.Description}");
            }

            text.Append(verb.Arguments.Count > 0 ? "\n" : "");
            if (verb.Options.Count > 0)
            {
                text.Append('\n');
                Table(text, verb.Options);
            }
        }

        return text.ToString();
    }

    static void Table(StringBuilder text, IEnumerable<Option> flags)
    {
        text.Append("| Flag | Variable | Meaning |\n| --- | --- | --- |\n");
        foreach (var flag in flags)
        {
            string[] cells = [$"`{HelpText.Flag(flag)}`", flag is RoleOption role ? role.Variable is { } variable ? $"`{variable}`" : "" : $"`{Flags.VariableOf(flag.Name)}`", flag.Description!];
            text.Append($"| {string.Join(" | ", cells.Select(cell => cell.Replace("|", "\\|", StringComparison.Ordinal)))} |\n");
        }
    }

    static string ThisFile([CallerFilePath] string path = "") => path;
}
