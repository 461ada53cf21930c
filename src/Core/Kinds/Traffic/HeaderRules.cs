using System.Buffers;

namespace Mainstay.Core.Kinds.Traffic;

/// <summary>What holds for header names and values that are declared.</summary>
public static class HeaderRules
{
    /// <summary>Longest value, in characters.</summary>
    public const int MostValue = 1024;

    static readonly SearchValues<char> Token = SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    static readonly HashSet<string> OwnNames = new(StringComparer.OrdinalIgnoreCase)
    {
        "Connection", "Keep-Alive", "Proxy-Connection", "TE", "Trailer", "Transfer-Encoding", "Upgrade", "Content-Length", "Host", "Via", "Expect",
        "traceparent", "X-Request-Id", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "Forwarded", "X-Mainstay-Reason", "X-Mainstay-Mirror",
    };

    /// <summary>RFC 9110 §5.6.2.</summary>
    public static bool IsToken(string name) => name.Length > 0 && !name.AsSpan().ContainsAnyExcept(Token);

    /// <summary>Printable text without space at either end.</summary>
    public static bool IsValue(string value) => value.Length <= MostValue && value.Trim(' ', '\t').Length == value.Length && !value.Any(char.IsControl);

    internal static IEnumerable<Problem> Check(string path, IReadOnlyDictionary<string, string>? headers, IReadOnlyCollection<string> variables)
    {
        foreach (var (name, value) in headers ?? new Dictionary<string, string>())
        {
            foreach (var problem in CheckName(path, name))
            {
                yield return problem;
            }

            if (!IsValue(value))
            {
                yield return new($"{path}.{name}", $"this is no value of a header", $"write at most {MostValue} characters on one line, without space at the ends");
            }
            else if (variables.Count > 0)
            {
                foreach (var problem in TextTemplate.Check($"{path}.{name}", value, variables))
                {
                    yield return problem;
                }
            }
        }
    }

    internal static IEnumerable<Problem> CheckName(string path, string name)
    {
        if (!IsToken(name) || name.Length > 256)
        {
            yield return new(path, $"'{name}' is not a header's name", "write letters, digits and '-'");
        }
        else if (OwnNames.Contains(name))
        {
            yield return new(path, $"{name} frames, routes or traces the message: the gateway alone decides about it", "remove it here");
        }
    }
}
