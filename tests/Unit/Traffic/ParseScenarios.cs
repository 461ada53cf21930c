using System.Text;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Tests.Scenarios;
using Mainstay.Traffic.Path;
using Xunit;

namespace Mainstay.Tests.Traffic;

/// <summary>
/// What the parser and the route table make of their input. Input lines end in CRLF; <c>\r \n \t \0 \xNN</c> and <c>*N</c> at a line's end
/// (the line's last character, N times) are understood.
/// </summary>
public sealed class ParseScenarios
{
    TableModel table = TableModel.Empty;

    public static TheoryData<string> Files => ScenarioFile.In("traffic");

    [Theory]
    [MemberData(nameof(Files))]
    public void Every_input_gives_its_recorded_trace(string file) => ScenarioFile.Run(file, Run);

    string Run(ScenarioStep step) => step.Words[0] switch
    {
        "request" => Trace(new RequestHead(), Bytes(step.Input)),
        "response" => Trace(new ResponseHead(), Bytes(step.Input)),
        "routes" => Compile(step.Input),
        "match" => Match(step.Words),
        var other => throw new ArgumentException($"'{other}' is no command"),
    };

    internal static string Trace(MessageHead head, byte[] bytes)
    {
        head.Reset();
        var status = head.Parse(bytes, new PathLimits());
        if (status == ParseStatus.Bad) return $"refused: {Problem.NameOf(head.Failure)}";
        if (status == ParseStatus.Incomplete) return "incomplete";
        var text = new StringBuilder();
        if (head is RequestHead request)
        {
            text.Append($"{Text(request.Method)} {Text(request.Target)} path={Text(request.Path)} host={Text(request.Host)}");
            if (request.Expects) text.Append(" expects");
            if (request.IsSafe) text.Append(" safe");
            if (!request.Traceparent.IsEmpty) text.Append(" traced");
            if (!request.RequestId.IsEmpty) text.Append($" id={Text(request.RequestId)}");
            if (request.WantsUpgrade) text.Append($" upgrade={Text(request.Upgrade)}");
        }
        else if (head is ResponseHead response)
        {
            text.Append($"{response.Status} {Text(response.Phrase)}");
            if (response.IsEventStream) text.Append(" events");
            if (response.IsInterim) text.Append(" interim");
        }
        text.Append(head.Persistent ? " keep" : " close");
        if (head.ContentLength >= 0) text.Append($" length={head.ContentLength}");
        if (head.Chunked) text.Append(" chunked");
        foreach (var cut in head.Cuts) text.Append($"\n  without {Text(cut).TrimEnd()}");
        return text.ToString();

        string Text(Piece piece) => Encoding.Latin1.GetString(piece.Of(bytes));
    }

    internal static byte[] Bytes(string input)
    {
        var text = new StringBuilder();
        foreach (var line in input.Split('\n'))
        {
            var star = line.LastIndexOf('*');
            var times = 0;
            var isRepeat = star > 0 && int.TryParse(line[(star + 1)..], out times);
            text.Append(isRepeat ? line[..star] + new string(line[star - 1], times - 1) : line);
            text.Append("\r\n");
        }
        return Encoding.Latin1.GetBytes(System.Text.RegularExpressions.Regex.Replace(
            text.ToString(), @"\\(r|n|t|0|x[0-9a-f]{2})", match => match.Groups[1].Value switch
            {
                "r" => "\r",
                "n" => "\n",
                "t" => "\t",
                "0" => "\0",
                var hex => ((char)Convert.ToInt32(hex[1..], 16)).ToString(),
            }));
    }

    // name template key=value …; the template is '-' where prefix= or regex= says more.
    string Compile(string input)
    {
        var routes = input.Split('\n').Select(line => line.Split(' ')).Select(words => new RouteModel(words[0], new RouteSpec { To = "s", Match = MatchOf(words) }));
        table = new TableModel(1, [new ListenerModel("gateway", "127.0.0.1", 80, ListenerKind.Gateway)], [.. routes], []);
        var problems = new TableCompiler(new PathLimits(), new SeriesBook(), new PolicyBook()).Compile(table, out _).Problems;
        return problems.Count == 0 ? "ok" : string.Join('\n', problems);
    }

    static RouteMatch MatchOf(string[] words) => new()
    {
        Path = words[1] == "-" ? null : words[1],
        Prefix = Word(words, "prefix="),
        Regex = Word(words, "regex="),
        Host = Word(words, "host="),
        Methods = Word(words, "methods=")?.Split(',') ?? [],
        Headers = Tests(words, "header."),
        Query = Tests(words, "query."),
        Cookies = Tests(words, "cookie."),
    };

    static Dictionary<string, string> Tests(string[] words, string start) =>
        words.Where(w => w.StartsWith(start, StringComparison.Ordinal)).Select(w => w[start.Length..].Split('=', 2)).ToDictionary(w => w[0], w => w[1]);

    string Match(string[] words)
    {
        var compiled = new TableCompiler(new PathLimits(), new SeriesBook(), new PolicyBook()).Compile(table, out _);
        var headers = string.Concat(words.Where(w => w.StartsWith("header.", StringComparison.Ordinal)).Select(w => w[7..].Split('=', 2)).Select(w => $"{w[0]}: {w[1]}\r\n"));
        var bytes = Encoding.Latin1.GetBytes($"{words[1]} {words[2]} HTTP/1.1\r\nHost: {Word(words, "host=") ?? "h"}\r\n{headers}\r\n");
        var head = new RequestHead();
        head.Reset();
        if (head.Parse(bytes, new PathLimits()) != ParseStatus.Complete) return "refused by the parser";
        var target = Mainstay.Traffic.Path.Match.Find(compiled.Listeners["gateway"], head, bytes, out var reason);
        return target?.Route ?? Problem.NameOf(reason);
    }

    static string? Word(string[] words, string start) =>
        words.FirstOrDefault(word => word.StartsWith(start, StringComparison.Ordinal))?[start.Length..];
}
