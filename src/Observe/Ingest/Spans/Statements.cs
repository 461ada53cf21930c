namespace Mainstay.Observe.Ingest.Spans;

/// <summary>Takes the literals out of SQL and of commands to caches, so that one statement is one line however it was called.</summary>
public static class Statements
{
    /// <summary>
    /// Writes the statement with <c>?</c> for numbers and texts in quotes, without comments, with single blanks, and with one <c>?</c> for a list of them. What is
    /// longer than the room is cut.
    /// </summary>
    /// <returns>How many bytes were written.</returns>
    public static int Plain(ReadOnlySpan<byte> sql, Span<byte> into)
    {
        var (at, done) = (0, 0);
        while (at < sql.Length && done < into.Length)
        {
            var c = sql[at];
            if (c is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n')
            {
                at++;
                if (done > 0 && into[done - 1] is not ((byte)' ' or (byte)'('))
                {
                    into[done++] = (byte)' ';
                }
            }
            else if (c == '\'')
            {
                at = PassQuoted(sql, at);
                Literal(into, ref done);
            }
            else if (c == '-' && at + 1 < sql.Length && sql[at + 1] == '-')
            {
                var end = sql[at..].IndexOf((byte)'\n');
                at = end < 0 ? sql.Length : at + end;
            }
            else if (c == '/' && at + 1 < sql.Length && sql[at + 1] == '*')
            {
                var end = sql[(at + 2)..].IndexOf("*/"u8);
                at = end < 0 ? sql.Length : at + end + 4;
            }
            else if (IsDigit(c) && !(done > 0 && IsWord(into[done - 1])))
            {
                while (at < sql.Length && (IsWord(sql[at]) || sql[at] == '.'))
                {
                    at++;
                }

                Literal(into, ref done);
            }
            else if (c == ')' && done > 0 && into[done - 1] == ' ')
            {
                into[done - 1] = c;
                at++;
            }
            else
            {
                into[done++] = c;
                at++;
            }
        }

        while (done > 0 && into[done - 1] is (byte)' ' or (byte)';')
        {
            done--;
        }

        return done;
    }

    /// <summary>Whether a system is asked by commands and keys: Redis and its kin.</summary>
    public static bool IsByKey(ReadOnlySpan<byte> system) => system.SequenceEqual("redis"u8) || system.SequenceEqual("valkey"u8) || system.SequenceEqual("memcached"u8);

    /// <summary>
    /// Writes the command and its key up to the first colon, <c>get reviews:?</c>, and one <c>?</c> for all that follows. What is longer than the room is cut.
    /// </summary>
    /// <returns>How many bytes were written.</returns>
    public static int PlainCommand(ReadOnlySpan<byte> command, Span<byte> into)
    {
        var done = 0;
        var words = 0;
        foreach (var range in command.SplitAny(" \t\r\n"u8))
        {
            var word = command[range];
            if (word.IsEmpty)
            {
                continue;
            }

            words++;
            Put(words > 1 ? " "u8 : default, into, ref done);
            var colon = words == 2 ? word.IndexOf((byte)':') : -1;
            Put(words > 2 ? "?"u8 : colon > 0 ? word[..(colon + 1)] : word, into, ref done);
            Put(colon > 0 ? "?"u8 : default, into, ref done);
            if (words > 2)
            {
                break;
            }
        }

        return done;
    }

    static void Put(ReadOnlySpan<byte> text, Span<byte> into, ref int done)
    {
        text = text[..Math.Min(text.Length, into.Length - done)];
        text.CopyTo(into[done..]);
        done += text.Length;
    }

    // "?, ?" and "?,?" become "?": a list of three is no other statement than one of four.
    static void Literal(Span<byte> into, ref int done)
    {
        var end = done;
        while (end > 0 && into[end - 1] == ' ')
        {
            end--;
        }

        if (end > 0 && into[end - 1] == ',')
        {
            end--;
            while (end > 0 && into[end - 1] == ' ')
            {
                end--;
            }

            if (end > 0 && into[end - 1] == '?')
            {
                done = end;
                return;
            }
        }

        into[done++] = (byte)'?';
    }

    static int PassQuoted(ReadOnlySpan<byte> sql, int at)
    {
        for (at++; at < sql.Length; at++)
        {
            if (sql[at] != '\'')
            {
                continue;
            }

            if (at + 1 < sql.Length && sql[at + 1] == '\'')
            {
                at++;
                continue;
            }

            return at + 1;
        }

        return sql.Length;
    }

    static bool IsDigit(byte c) => c is >= (byte)'0' and <= (byte)'9';

    static bool IsWord(byte c) => IsDigit(c) || c is (>= (byte)'a' and <= (byte)'z') or (>= (byte)'A' and <= (byte)'Z') or (byte)'_' or (byte)'$';
}
