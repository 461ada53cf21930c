using Mainstay.Host.Cli;
using Mainstay.Host.Cli.Help;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Host.Cli;

/// <summary>The help of the whole program hides nothing.</summary>
public sealed class HelpTests
{
    [Fact]
    public void Every_verb_is_told_of()
    {
        var root = CommandLine.Build(CliStage.BareEnvironment());
        var told = HelpText.Of(root).Where(line => line.StartsWith("  ", StringComparison.Ordinal)).Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[0]).ToHashSet();
        root.Subcommands.Where(verb => !verb.Hidden).Select(verb => verb.Name).Except(told).ShouldBeEmpty();
    }
}
