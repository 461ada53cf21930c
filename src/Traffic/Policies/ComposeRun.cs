using System.Text;
using System.Text.Json;

namespace Mainstay.Traffic.Policies;

/// <summary>One composition under way: says which call is to be made next, takes the answers, and makes the whole of them. Not for several threads at once.</summary>
/// <param name="plan">What is to be done.</param>
/// <param name="facts">What is known.</param>
/// <param name="dropsOptional">Calls that have a default are not made: their defaults stand for them.</param>
internal sealed class ComposeRun(ComposePlan plan, ComposeFacts facts, bool dropsOptional = false)
{
    /// <summary>Most bytes of a part's answer, and of the whole.</summary>
    public const int MostBytes = 1024 * 1024;

    private enum Stage
    {
        Ahead,
        UnderWay,
        Done,
        Default,
        LeftOut,
    }

    private readonly Stage[] stages = new Stage[plan.Calls.Length];
    private readonly JsonElement[] bodies = new JsonElement[plan.Calls.Length];
    private ComposeMove? end;

    /// <summary>What to do now. To be asked again until it says to wait, or how it ends.</summary>
    public ComposeMove Next()
    {
        while (end is null)
        {
            var at = Array.FindIndex(stages, stage => stage is Stage.Ahead || (plan.IsSequence && stage is Stage.UnderWay));
            if (at < 0 ? stages.Contains(Stage.UnderWay) : stages[at] == Stage.UnderWay) return new(ComposeVerdict.Wait);
            if (at < 0)
            {
                end = Finish(plan.Answer);
            }
            else if (Begin(at) is { } call)
            {
                return call;
            }
        }
        return end;
    }

    /// <summary>Takes the answer of a call.</summary>
    public void Take(int call, ComposeReply reply)
    {
        if (stages[call] != Stage.UnderWay || end is not null) return;
        var leg = plan.Calls[call];
        if (reply.Failure is { } failure) Fail(call, failure);
        else if (!leg.Accepts(reply.Status)) Fail(call, $"it answered with status {reply.Status}");
        else if (reply.Body.Length > MostBytes) Fail(call, $"its answer is larger than {MostBytes / 1024}Ki");
        else if (!TryRead(reply, out var body)) Fail(call, "its answer is not JSON");
        else Settle(call, Stage.Done, reply.Status, body);
    }

    /// <summary>A call with what its references stand for; null where it is not made.</summary>
    private ComposeMove? Begin(int at)
    {
        var leg = plan.Calls[at];
        if (leg.HasWhen && (leg.When is not { } when || !facts.Holds(when)))
        {
            stages[at] = Stage.LeftOut;
            if (leg.Else is { } otherwise) end = Finish(otherwise);
            return null;
        }
        if (dropsOptional && leg.Call.Default is { } enough)
        {
            Settle(at, Stage.Default, 0, enough.Json);
            return null;
        }
        stages[at] = Stage.UnderWay;
        var (target, wrong) = leg.Path is { } path ? facts.Target(path) : (null, "its path cannot be read");
        byte[]? body = null;
        if (leg.Body is { } shape && target is not null)
        {
            using var output = new JsonOutput(MostBytes);
            if (shape.Write(output, facts)) body = output.ToArray();
            else wrong = $"what it is sent is larger than {MostBytes / 1024}Ki";
        }
        if (wrong is null) return new(ComposeVerdict.Call, at) { Target = target!, Body = body };
        Fail(at, wrong);
        return null;
    }

    private void Fail(int call, string why)
    {
        var leg = plan.Calls[call];
        if (leg.Call.Default is { } stands) Settle(call, Stage.Default, 0, stands.Json);
        else end = new(ComposeVerdict.Fail, call) { Why = why };
    }

    private void Settle(int call, Stage stage, int status, JsonElement body)
    {
        stages[call] = stage;
        bodies[call] = body;
        facts.Add(plan.Calls[call].Name, status, body, plan.IsSequence);
    }

    private ComposeMove Finish(ComposeShape? shape)
    {
        var partial = plan.Calls.Where((_, at) => stages[at] == Stage.Default).Select(call => call.Name).ToArray();
        using var output = new JsonOutput(MostBytes);
        var fits = shape?.Body is { } body ? body.Write(output, facts) : WriteDefault(output);
        if (!fits) return new(ComposeVerdict.Fail) { Why = $"the answer is larger than {MostBytes / 1024}Ki" };
        var bytes = output.ToArray();
        if (plan.MarkPartial && partial.Length > 0 && bytes[0] == '{') bytes = Mark(bytes, partial);
        return new(ComposeVerdict.Answer) { Status = shape?.Status ?? 200, Body = bytes, Partial = partial };
    }

    private bool WriteDefault(JsonOutput output)
    {
        if (plan.IsSequence)
        {
            var last = Array.FindLastIndex(stages, stage => stage is Stage.Done or Stage.Default);
            return output.Add(last < 0 ? null : bodies[last]);
        }
        output.Writer.WriteStartObject();
        for (var at = 0; at < bodies.Length; at++)
        {
            output.Writer.WritePropertyName(plan.Calls[at].Name);
            if (!output.Add(bodies[at])) return false;
        }
        output.Writer.WriteEndObject();
        return output.HasRoomFor(0);
    }

    /// <summary>Adds a last member to an object.</summary>
    private static byte[] Mark(byte[] json, string[] partial)
    {
        var isEmpty = json.AsSpan(1, json.Length - 2).Trim(" \t\r\n"u8).IsEmpty;
        var member = $"{(isEmpty ? "" : ",")}\"_partial\":[{string.Join(',', partial.Select(name => $"\"{name}\""))}]}}";
        return [.. json.AsSpan(0, json.Length - 1), .. Encoding.UTF8.GetBytes(member)];
    }

    private static bool TryRead(ComposeReply reply, out JsonElement body)
    {
        body = default;
        // An answer without content is JSON's null.
        if (reply.Body.IsEmpty) return true;
        if (!reply.IsJson) return false;
        try
        {
            // The bytes may go; the element keeps its own.
            using var document = JsonDocument.Parse(reply.Body);
            body = document.RootElement.Clone();
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}

/// <summary>What to do next.</summary>
internal enum ComposeVerdict
{
    /// <summary>Make a call, and ask again.</summary>
    Call,

    /// <summary>Nothing, until an answer comes.</summary>
    Wait,

    /// <summary>It ends: answer the client.</summary>
    Answer,

    /// <summary>It ends: something that cannot be done without is missing.</summary>
    Fail,
}

/// <summary>What to do next, with what it takes.</summary>
/// <param name="Verdict">What.</param>
/// <param name="Call">Which call is made, or failed; -1 for none.</param>
internal sealed record ComposeMove(ComposeVerdict Verdict, int Call = -1)
{
    /// <summary>Path and query of the call.</summary>
    public string Target { get; init; } = "";

    /// <summary>JSON: what the call sends (null for nothing), or the answer.</summary>
    public byte[]? Body { get; init; }

    /// <summary>The answer's status.</summary>
    public int Status { get; init; }

    /// <summary>Whose defaults stand in the answer.</summary>
    public IReadOnlyList<string> Partial { get; init; } = [];

    /// <summary>What failed, as a clause.</summary>
    public string Why { get; init; } = "";
}

/// <summary>How a call went.</summary>
/// <param name="Status">Its status.</param>
/// <param name="IsJson">Its content is declared as JSON.</param>
/// <param name="Body">Its content.</param>
/// <param name="Failure">Why there is no answer; null where there is one.</param>
internal readonly record struct ComposeReply(int Status, bool IsJson, ReadOnlyMemory<byte> Body, string? Failure = null);
