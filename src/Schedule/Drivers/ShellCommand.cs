namespace Mainstay.Schedule.Drivers;

/// <summary>
/// How a command line of the manifest becomes a process. A single simple command is replaced by <c>exec</c>, so that the process id that
/// Mainstay reports and signals is the program's own and not a shell's; anything else (lists, pipes, loops) runs below a plain <c>sh -c</c>.
/// </summary>
public static class ShellCommand
{
    public const string Shell = "/bin/sh";

    // Words that mean something to the shell itself: there is no program to put in its place.
    static readonly HashSet<string> ShellWords = new(StringComparer.Ordinal)
    {
        "!", "{", "}", "case", "do", "done", "elif", "else", "esac", "fi", "for", "if", "in", "then", "until", "while",
        ".", ":", "alias", "bg", "break", "cd", "command", "continue", "eval", "exec", "exit", "export", "fg", "getopts", "hash", "jobs", "local",
        "read", "readonly", "return", "set", "shift", "source", "times", "trap", "type", "ulimit", "umask", "unalias", "unset", "wait",
    };

    /// <summary>The program and arguments that run <paramref name="command"/>.</summary>
    public static IReadOnlyList<string> Argv(string command)
    {
        var text = command.Trim();
        return FirstWord(text) is { } at ? [Shell, "-c", $"{text[..at]}exec {text[at..]}"] : [Shell, "-c", text];
    }

    /// <summary>Where the program's word begins, after <c>NAME=value</c> prefixes; null where the text is not one simple command.</summary>
    static int? FirstWord(string text)
    {
        if (!IsSimple(text))
        {
            return null;
        }

        var at = 0;
        while (at < text.Length)
        {
            var end = WordEnd(text, at);
            if (!IsAssignment(text.AsSpan(at, end - at)))
            {
                return ShellWords.Contains(text[at..end]) || text[at] is '<' or '>' ? null : at;
            }

            at = end;
            while (at < text.Length && text[at] is ' ' or '\t')
            {
                at++;
            }
        }

        return null;
    }

    /// <summary>No operator outside quotes joins a second command. Substitutions are taken as not simple: they may hold anything.</summary>
    static bool IsSimple(string text)
    {
        var quote = '\0';
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (c == '\\' && quote != '\'')
            {
                i++;
            }
            else if (quote != '\0')
            {
                quote = c == quote ? '\0' : quote;
                if (quote == '"' && IsSubstitution(text, i))
                {
                    return false;
                }
            }
            else if (c is '\'' or '"')
            {
                quote = c;
            }
            else if (c is ';' or '|' or '(' or ')' or '\n' or '#' || IsSubstitution(text, i) || (c == '&' && !IsRedirect(text, i)))
            {
                return false;
            }
        }

        return quote == '\0' && text.Length > 0;
    }

    static bool IsSubstitution(string text, int at) => text[at] == '`' || (text[at] == '$' && at + 1 < text.Length && text[at + 1] == '(');

    // 2>&1 and the like hold an ampersand that joins nothing.
    static bool IsRedirect(string text, int at) => at > 0 && text[at - 1] is '<' or '>';

    static int WordEnd(string text, int at)
    {
        var quote = '\0';
        for (; at < text.Length; at++)
        {
            var c = text[at];
            if (c == '\\' && quote != '\'')
            {
                at++;
            }
            else if (quote != '\0')
            {
                quote = c == quote ? '\0' : quote;
            }
            else if (c is '\'' or '"')
            {
                quote = c;
            }
            else if (c is ' ' or '\t')
            {
                return at;
            }
        }

        return Math.Min(at, text.Length);
    }

    static bool IsAssignment(ReadOnlySpan<char> word)
    {
        var equals = word.IndexOf('=');
        if (equals <= 0 || char.IsAsciiDigit(word[0]))
        {
            return false;
        }

        foreach (var c in word[..equals])
        {
            if (!char.IsAsciiLetterOrDigit(c) && c != '_')
            {
                return false;
            }
        }

        return true;
    }
}
