using Mainstay.Core.Kinds;

namespace Mainstay.Host.Cli.Verbs;

/// <summary>Finds the kind that a word means.</summary>
static class KindNames
{
    /// <exception cref="CliError">There is none of that name.</exception>
    public static Kind Find(string word) => CoreKinds.All.Find(word.ToLowerInvariant()) ?? throw new CliError(
        $"there is no kind '{word}'",
        Nearest.To(word, CoreKinds.All.All.SelectMany(k => new[] { k.Name, k.Plural })) is { } nearest
            ? $"did you mean '{nearest}'? 'mainstay get --help' lists all"
            : "'mainstay get --help' lists all",
        ExitCode.Invalid);
}
