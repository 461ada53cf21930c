using System.CommandLine;
using Mainstay.Core.Kinds;

namespace Mainstay.Host.Cli;

/// <summary>The word behind a verb that says which of several things it does.</summary>
public sealed class ActionArgument : Argument<string>
{
    /// <param name="words">What it may be.</param>
    /// <param name="description">What each does; null names them alone.</param>
    public ActionArgument(IReadOnlyList<string> words, string? description = null)
        : base("ACTION")
    {
        Words = words;
        Description = description ?? (words is [var only] ? $"{only}." : $"One of {string.Join(", ", words)}.");
        Arity = ArgumentArity.ExactlyOne;
        CompletionSources.Add([.. words]);
    }

    public IReadOnlyList<string> Words { get; }

    /// <summary>What to write instead.</summary>
    public string Remedy => Words is [var only] ? $"write {only}" : $"write one of {string.Join(", ", Words)}";

    /// <summary>What is wrong with a word; null where nothing is.</summary>
    public CliError? Check(string word) => Words.Contains(word, StringComparer.Ordinal) ? null : new(
        $"'{word}' is not an action", Nearest.To(word, Words) is { } nearest ? $"did you mean '{nearest}'? {Remedy}" : Remedy, ExitCode.Invalid);
}
