namespace Mainstay.Core.Kinds.State;

/// <summary>A flow: steps over several services that end all together in success, or in everything being taken back.</summary>
public sealed record Flow : Resource
{
    const string CallerPrefix = "flow:";

    public required FlowSpec Spec { get; init; }

    /// <summary>What the flow is called where it calls: a name that no service can have.</summary>
    public static string CallerOf(string flow) => CallerPrefix + flow;

    /// <summary>The flow that is called so where it calls; null for what is no flow.</summary>
    public static string? NameOf(string caller) => caller.StartsWith(CallerPrefix, StringComparison.Ordinal) ? caller[CallerPrefix.Length..] : null;

    public override IEnumerable<Problem> Validate() => base.Validate().Concat(Spec.Validate().Select(p => p.Under("spec")));
}

/// <summary>A flow as it is declared. A run keeps the declaration that it began with.</summary>
public sealed record FlowSpec
{
    /// <summary>The longest name of a flow: those of its links and runs are longer.</summary>
    public const int LongestName = 40;

    /// <summary>The highest number of steps, those within others included.</summary>
    public const int MostSteps = 200;

    /// <summary>How deep steps may be nested.</summary>
    public const int MostDepth = 8;

    /// <summary>What is done, one after another. 1 to 200 with those within.</summary>
    public required IReadOnlyList<FlowStep> Steps { get; init; }

    /// <summary>The shape of what a run gives, with expressions in braces over <c>input</c> and the results of steps. Default: null.</summary>
    public FreeValue? Output { get; init; }

    /// <summary>A run that has not succeeded by then is taken back, unless it is past its pivot. Default: never; 1s to 365d.</summary>
    public TimeSpan? Deadline { get; init; }

    /// <summary>The order in which steps are compensated, by name; as a part of another flow it is then taken back as a whole. Default: the reverse of that in which they were done.</summary>
    public IReadOnlyList<string>? Undo { get; init; }

    /// <summary>How long a run that has ended is remembered, and its id with it. Default 7d; 1m to 365d.</summary>
    public TimeSpan Keep { get; init; } = TimeSpan.FromDays(7);

    public IEnumerable<Problem> Validate() => new FlowChecks(this).Problems();

    /// <summary>Every step, those within others included, with its path below the flow.</summary>
    public IEnumerable<(string Path, FlowStep Step)> All() => All("steps", Steps, 0);

    /// <summary>The services that are called.</summary>
    public IEnumerable<string> Callees() => All().SelectMany(s => s.Step.Calls()).Select(c => c.Call.To).Distinct(StringComparer.Ordinal);

    static IEnumerable<(string Path, FlowStep Step)> All(string path, IReadOnlyList<FlowStep> steps, int depth)
    {
        for (var i = 0; i < steps.Count && depth <= MostDepth; i++)
        {
            var at = $"{path}.{i}";
            yield return (at, steps[i]);
            foreach (var (within, inner) in steps[i].Inner())
            {
                foreach (var below in All($"{at}.{within}", inner, depth + 1))
                {
                    yield return below;
                }
            }
        }
    }
}
