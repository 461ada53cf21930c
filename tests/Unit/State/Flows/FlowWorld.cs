using System.Text.Json;
using Mainstay.Core.Kinds;
using Mainstay.State.Decide.Flows;

namespace Mainstay.Tests.State.Flows;

/// <summary>Callees that keep the contract of flows: what they answered to a key they answer again, and a try is fenced by its branch.</summary>
sealed class FlowWorld(Random chance)
{
    readonly Dictionary<string, FlowAnswer> answered = new(StringComparer.Ordinal);
    readonly Dictionary<string, string> branches = new(StringComparer.Ordinal);
    readonly List<FlowAct> late = [];

    /// <summary>Paths of calls that took effect, in that order; compensations end in <c>!undo</c>.</summary>
    public List<string> Effects { get; } = [];

    /// <summary>What is wrong with what was asked.</summary>
    public List<string> Wrong { get; } = [];

    /// <summary>The branches of tries by their phase.</summary>
    public IReadOnlyDictionary<string, string> Branches => branches;

    /// <summary>How often a call that may be refused is.</summary>
    public double Refusals { get; init; } = 0.04;

    static string KeyOf(FlowAct act) => act.Headers.First(h => h.Key == "Idempotency-Key").Value;

    static string? HeaderOf(FlowAct act, string name) => act.Headers.FirstOrDefault(h => h.Key == name).Value;

    /// <summary>What the caller sees of a call; it may take effect, or not, or later.</summary>
    public FlowAnswer Call(FlowAct act)
    {
        if (act.Kind == FlowActKind.Poll)
        {
            return chance.NextDouble() < 0.5 ? new() { Status = 202 } : Handle(act.Target["/poll/".Length..], act.Path, null, mayRefuse: false);
        }

        switch (chance.NextDouble())
        {
            case < 0.05:
                return new() { NotSent = true, Why = "nobody listens" };
            case < 0.08:
                return new() { Status = 503 };
            case < 0.14:
                late.Add(act);
                return new() { Why = "the connection broke" };
            case < 0.20:
                Handle(act);
                return new() { Why = "the connection broke" };
            case < 0.24 when !act.Path.Contains('!', StringComparison.Ordinal):
                return new() { Status = 202, Location = "/poll/" + Uri.EscapeDataString(KeyOf(act)) };
            default:
                return Handle(act);
        }
    }

    /// <summary>The caller is gone: what was on its way arrives, or arrives later, or never.</summary>
    public void Crash(IEnumerable<FlowAct> underWay)
    {
        foreach (var act in underWay.Where(a => a.Kind == FlowActKind.Call))
        {
            switch (chance.Next(3))
            {
                case 0:
                    Handle(act);
                    break;
                case 1:
                    late.Add(act);
                    break;
            }
        }
    }

    /// <summary>Something that was late arrives.</summary>
    public void ArriveLate()
    {
        if (late.Count > 0)
        {
            var at = chance.Next(late.Count);
            var act = late[at];
            late.RemoveAt(at);
            Handle(act);
        }
    }

    /// <summary>What a person finds out: whether it took effect; what is still on its way is stopped.</summary>
    public bool FindOut(string path)
    {
        late.RemoveAll(a => a.Path == path);
        return Effects.Contains(path);
    }

    public void ArriveAll()
    {
        while (late.Count > 0)
        {
            ArriveLate();
        }
    }

    FlowAnswer Handle(FlowAct act) => Handle(Uri.EscapeDataString(KeyOf(act)), act.Path, act, mayRefuse: !act.Path.Contains('!', StringComparison.Ordinal) || act.Path.EndsWith("!try", StringComparison.Ordinal));

    FlowAnswer Handle(string key, string path, FlowAct? act, bool mayRefuse)
    {
        if (answered.TryGetValue(key, out var before))
        {
            return before;
        }

        if (act is not null && HeaderOf(act, "Mainstay-Branch") is { } branch)
        {
            return answered[key] = Branch(branch, HeaderOf(act, "Mainstay-Phase")!, path);
        }

        // What comes after the pivot is refused by nobody for ever: people see to it.
        if (mayRefuse && path is not ("five" or "after") && chance.NextDouble() < Refusals)
        {
            return answered[key] = new() { Status = 409 };
        }

        Effects.Add(path);
        return answered[key] = new() { Status = 200, Body = new(JsonSerializer.SerializeToElement(new { id = Effects.Count })) };
    }

    FlowAnswer Branch(string branch, string phase, string path)
    {
        branches.TryGetValue(branch, out var stands);
        switch (phase)
        {
            case "try" when stands is null && chance.NextDouble() < Refusals * 3:
                return new() { Status = 409 };
            case "try":
                if (stands == "cancel")
                {
                    return new() { Status = 409 };
                }

                branches[branch] = "try";
                return new() { Status = 200 };
            case "confirm" when stands != "try":
                Wrong.Add($"{path}: confirmed what is {stands ?? "not tried"}");
                return new() { Status = 409 };
            case "cancel" when stands == "confirm":
                Wrong.Add($"{path}: cancelled what is confirmed");
                return new() { Status = 409 };
            default:
                branches[branch] = phase;
                return new() { Status = 200 };
        }
    }
}
