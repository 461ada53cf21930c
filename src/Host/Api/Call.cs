using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Mainstay.Host.Api;

/// <summary>
/// One request as an endpoint sees it. Query parameters are read through it, so that everything wrong with them is told at once, and a
/// parameter that nobody reads is an error: <c>?dryrun=true</c> must not change the system for a letter's case.
/// </summary>
/// <param name="context">The request.</param>
/// <param name="stop">Ends when the client is gone or the server stops.</param>
public sealed class Call(HttpContext context, CancellationToken stop)
{
    readonly HashSet<string> known = new(StringComparer.Ordinal);
    readonly List<ProblemPlace> problems = [];

    public HttpContext Context => context;

    public HttpRequest Request => context.Request;

    public CancellationToken Stop => stop;

    /// <summary>A parameter of the path.</summary>
    public string Path(string name) => (string)context.GetRouteValue(name)!;

    /// <summary>A query parameter; null where it is absent or empty.</summary>
    public string? Query(string name)
    {
        known.Add(name);
        var values = context.Request.Query[name];
        if (values.Count > 1)
        {
            problems.Add(new(name, $"'{name}' is given {values.Count} times", "give it once"));
        }

        return values is [{ Length: > 0 } value, ..] ? value : null;
    }

    /// <summary>A parameter that is <c>true</c> or <c>false</c>; absent is false.</summary>
    public bool Flag(string name)
    {
        var text = Query(name);
        if (text is not (null or "true" or "false"))
        {
            problems.Add(new(name, $"'{text}' is neither true nor false", $"write {name}=true or leave it out"));
        }

        return text == "true";
    }

    /// <summary>A whole number within bounds.</summary>
    public int Number(string name, int absent, int least, int most) => (int)Number(name, (long)absent, least, most);

    /// <summary>A whole number within bounds.</summary>
    public long Number(string name, long absent, long least, long most)
    {
        var text = Query(name);
        if (text is null)
        {
            return absent;
        }

        if (!long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) || value < least || value > most)
        {
            problems.Add(new(name, $"'{text}' is not a whole number from {least} to {most}", "give a number within"));
            return absent;
        }

        return value;
    }

    /// <summary>What is wrong with the query, once everything was read; null where nothing is.</summary>
    public ProblemAnswer? Wrong()
    {
        foreach (var name in context.Request.Query.Keys.Where(n => !known.Contains(n)).Order(StringComparer.Ordinal))
        {
            problems.Add(new(name, $"the query parameter '{name}' is unknown", $"known here: {string.Join(", ", known.Order(StringComparer.Ordinal))}"));
        }

        return problems.Count == 0 ? null : ProblemAnswer.BadRequest(problems[0].What, problems[0].Remedy, problems);
    }
}
