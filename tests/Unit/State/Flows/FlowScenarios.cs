using Mainstay.Core.Kinds;
using Mainstay.State.Decide.Flows;
using Mainstay.Tests.Scenarios;
using Xunit;

namespace Mainstay.Tests.State.Flows;

/// <summary>
/// How flows are declared and go on. Commands: <c>declare SERVICE…</c> with flows as YAML; <c>start ID [INPUT]</c>; <c>answer PATH STATUS [BODY]</c>, <c>broken PATH</c>, <c>unsent PATH</c>, <c>later PATH LOCATION</c>,
/// <c>tells PATH</c>; <c>finish|fail PATH [BODY]</c>; <c>pass TIME</c>; <c>signal NAME [BODY]</c>; <c>approve|reject PATH</c>; <c>cancel</c>; <c>retry [STEP]</c>; <c>resolve PATH done|not [BODY]</c>; <c>crash</c>.
/// </summary>
public sealed class FlowScenarios
{
    public static TheoryData<string> Files => ScenarioFile.In("flow");

    [Theory]
    [MemberData(nameof(Files))]
    public void Flows_go_on_as_written(string file)
    {
        var bench = new FlowBench();
        ScenarioFile.Run(file, step => Run(bench, step));
    }

    static string Run(FlowBench bench, ScenarioStep step)
    {
        var words = step.Words;
        var rest = string.Join(' ', words.Skip(2));
        switch (words[0])
        {
            case "declare":
                var (flows, wrong) = FlowBench.Read(step.Input, words[1..]);
                if (flows is null)
                {
                    return wrong;
                }

                bench.Definition = FlowDefinition.Of(flows.Keys.First(), n => flows.GetValueOrDefault(n))!;
                return $"{flows.Keys.First()}: {string.Join(", ", bench.Definition.Flows.Keys)}";
            case "pass":
                bench.Now += Durations.TryParse(words[1], out var span) ? span : TimeSpan.Zero;
                break;
            case "crash":
                bench.UnderWay.Clear();
                break;
        }

        var plan = words[0] switch
        {
            "start" => bench.Start(words[1], FlowBench.Json(rest)),
            "answer" => bench.Answer(words[1], new() { Status = int.Parse(words[2], System.Globalization.CultureInfo.InvariantCulture), Body = FlowBench.Json(string.Join(' ', words.Skip(3))) }),
            "broken" => bench.Answer(words[1], new() { Why = "the connection broke" }),
            "unsent" => bench.Answer(words[1], new() { Why = "nobody listens", NotSent = true }),
            "later" => bench.Answer(words[1], new() { Status = 202, Location = words[2] }),
            "tells" => bench.Answer(words[1], new() { Status = 202, Tells = true }),
            "finish" or "fail" => bench.Next(new FlowFinished(words[1], words[0] == "finish", FlowBench.Json(rest))),
            "signal" => bench.Next(new FlowSignalled(words[1], FlowBench.Json(rest))),
            "approve" or "reject" => bench.Next(new FlowApproved(words[1], words[0] == "approve", "ann", rest)),
            "cancel" => bench.Next(new FlowCancelled("ann")),
            "retry" => bench.Next(new FlowRetried(words.Length > 1 ? words[1] : null)),
            "resolve" => bench.Next(new FlowResolved(words[1], words[2] == "done", FlowBench.Json(string.Join(' ', words.Skip(3))), "ann")),
            "crash" => bench.Next(new FlowLost()),
            "pass" => bench.Next(null),
            _ => throw new ArgumentException($"no command '{words[0]}'"),
        };
        return bench.Trace(plan);
    }
}
