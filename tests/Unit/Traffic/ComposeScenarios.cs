using System.Text;
using System.Text.Json;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Deliver.Manifest;
using Mainstay.Tests.Deliver;
using Mainstay.Tests.Scenarios;
using Mainstay.Traffic.Policies;
using Xunit;

namespace Mainstay.Tests.Traffic;

/// <summary>
/// Compositions without a network. <c>route PATH</c> reads <c>compose:</c> as in a manifest and tells its plan or what is wrong with it; <c>run METHOD TARGET [BODY]</c> makes
/// one (<c>less</c>: without the calls that have a default): each input line is the answer of a call, as it arrives (<c>NAME STATUS CONTENT</c>, <c>NAME fails WHY</c>).
/// </summary>
public sealed class ComposeScenarios
{
    const string Header = "architecture: a\nservices: { inventory: { run: a }, reviews: { run: a }, orders: { run: a } }\ngateway:\n  routes:\n    r:\n      match: { path: \"PATH\" }\n";
    ComposePlan plan = new(new ComposeSpec());
    string path = "";

    public static TheoryData<string> Files => ScenarioFile.In("compose");

    [Theory]
    [MemberData(nameof(Files))]
    public void Every_composition_gives_its_recorded_trace(string file) => ScenarioFile.Run(file, Run);

    string Run(ScenarioStep step) => step.Words switch
    {
        ["route", var route] => Route(route, step.Input),
        ["run", var method, var target, .. var body] => Make(method, target, string.Join(' ', body), step.Input),
        ["less", var method, var target] => Make(method, target, "", step.Input, dropsOptional: true),
        _ => throw new ArgumentException($"'{step.Command}' is no command"),
    };

    string Route(string route, string input)
    {
        path = route;
        var text = Header.Replace("PATH", route, StringComparison.Ordinal) + string.Join('\n', input.Split('\n').Select(l => $"      {l}"));
        var read = ManifestReader.Read([new("m", text)], ManifestScenarios.Around);
        if (read.Value is not { } spec)
        {
            // Lines count from the first one that is given.
            return string.Join('\n', read.Problems.Select(p => $"{p.Line - 6}:{p.Column - 6} {p.What}; {p.Remedy}"));
        }

        plan = new ComposePlan(spec.Gateway.Routes["r"].Compose!);
        return plan.ToString();
    }

    string Make(string method, string target, string body, string input, bool dropsOptional = false)
    {
        var question = target.IndexOf('?', StringComparison.Ordinal);
        var only = question < 0 ? target : target[..question];
        var facts = new ComposeFacts(new(
            method, only, question < 0 ? "" : target[(question + 1)..], PathVariable.Of(path, only), body.Length == 0 ? null : JsonDocument.Parse(body).RootElement));
        var run = new ComposeRun(plan, facts, dropsOptional);
        var trace = new StringBuilder();
        var replies = new Queue<string>(input.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        while (true)
        {
            var move = run.Next();
            trace.Append(move.Verdict.ToString().ToLowerInvariant());
            if (move.Call >= 0) trace.Append($" {plan.Calls[move.Call].Name}");
            if (move.Target.Length > 0) trace.Append($" {plan.Calls[move.Call].Call.Method} {plan.Calls[move.Call].Call.To}{move.Target}");
            if (move.Status > 0) trace.Append($" {move.Status}");
            if (move.Partial.Count > 0) trace.Append($" without {string.Join(", ", move.Partial)}");
            if (move.Body is { } bytes) trace.Append($" {Encoding.UTF8.GetString(bytes)}");
            if (move.Why.Length > 0) trace.Append($": {move.Why}");
            if (move.Verdict is ComposeVerdict.Answer or ComposeVerdict.Fail) return trace.ToString();
            trace.Append('\n');
            if (move.Verdict != ComposeVerdict.Wait) continue;
            if (!replies.TryDequeue(out var line)) return trace.ToString();
            var words = line.Split(' ', 3);
            var call = Array.FindIndex(plan.Calls, c => c.Name == words[0]);
            var content = words.ElementAtOrDefault(2) ?? "";
            run.Take(call, words[1] == "fails"
                ? new(0, false, default, content)
                : new(int.Parse(words[1]), !content.StartsWith('<'), Encoding.UTF8.GetBytes(content)));
        }
    }
}
