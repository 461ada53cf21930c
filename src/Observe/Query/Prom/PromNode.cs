using System.Text.RegularExpressions;

namespace Mainstay.Observe.Query.Prom;

/// <summary>What an expression evaluates to.</summary>
public enum PromType
{
    Scalar,
    Text,

    /// <summary>Series with one value each.</summary>
    Instant,

    /// <summary>Series with the samples of a span each.</summary>
    Range,
}

/// <summary>A part of an expression. Immutable.</summary>
/// <param name="At">Where it begins in the text, in characters.</param>
/// <param name="Type">What it evaluates to.</param>
public abstract record PromNode(int At, PromType Type);

/// <summary>A number.</summary>
public sealed record NumberNode(int At, double Value) : PromNode(At, PromType.Scalar);

/// <summary>A text in quotes.</summary>
public sealed record TextNode(int At, string Value) : PromNode(At, PromType.Text);

/// <summary>When a selector or subquery looks, against the time of evaluation.</summary>
/// <param name="OffsetMs">So much earlier; negative is later.</param>
/// <param name="FixedMs">At this time instead; null for none.</param>
/// <param name="Edge">At the query's <c>start()</c> (-1) or <c>end()</c> (1) instead.</param>
public readonly record struct PromShift(long OffsetMs, long? FixedMs, int Edge)
{
    /// <summary>Whether it is the same time at every step.</summary>
    public bool IsFixed => FixedMs is not null || Edge != 0;
}

/// <summary>A condition on one label.</summary>
/// <param name="Pattern">Of <c>=~</c> and <c>!~</c>; null otherwise.</param>
public sealed record PromMatcher(string Label, string Value, Regex? Pattern, bool Not)
{
    /// <summary>Whether a label's value fulfils it; an absent label is empty.</summary>
    public bool Holds(string value) => (Pattern?.IsMatch(value) ?? (value == Value)) != Not;

    /// <summary>Whether a series without the label fulfils it.</summary>
    public bool TakesEmpty => Holds("");
}

/// <summary>Series by their labels; with a range their samples within it.</summary>
/// <param name="RangeMs">0 for none.</param>
public sealed record SelectorNode(int At, IReadOnlyList<PromMatcher> Matchers, long RangeMs, PromShift Shift)
    : PromNode(At, RangeMs > 0 ? PromType.Range : PromType.Instant);

/// <summary>An expression evaluated at steps of a span.</summary>
/// <param name="StepMs">0 for the default.</param>
public sealed record SubqueryNode(int At, PromNode Inner, long RangeMs, long StepMs, PromShift Shift) : PromNode(At, PromType.Range);

/// <summary>A function and what it is given.</summary>
public sealed record CallNode(int At, PromFunction Function, IReadOnlyList<PromNode> Args) : PromNode(At, Function.Returns);

/// <summary>Many series made into fewer.</summary>
/// <param name="Name">Lower case.</param>
/// <param name="Labels">That are kept, or with <paramref name="Without"/> dropped.</param>
/// <param name="Parameter">Of <c>topk</c>, <c>bottomk</c>, <c>quantile</c> and <c>count_values</c>.</param>
public sealed record AggregateNode(int At, string Name, PromNode Inner, PromNode? Parameter, IReadOnlyList<string> Labels, bool Without) : PromNode(At, PromType.Instant);

/// <summary>How the series of two sides find each other.</summary>
/// <param name="Labels">Compared alone, or with <paramref name="On"/> false left out of the comparison.</param>
/// <param name="Many">-1: the left side may have several (<c>group_left</c>); 1: the right; 0: neither.</param>
/// <param name="Include">Labels taken over from the side that has one.</param>
public sealed record PromMatching(bool On, IReadOnlyList<string> Labels, int Many, IReadOnlyList<string> Include)
{
    public static PromMatching All { get; } = new(false, [], 0, []);
}

/// <summary>Two sides and what stands between.</summary>
/// <param name="ReturnsBool">Of comparisons: 0 or 1 instead of leaving out.</param>
public sealed record BinaryNode(int At, PromOperator Operator, PromNode Left, PromNode Right, PromMatching Matching, bool ReturnsBool, PromType Type) : PromNode(At, Type);

/// <summary>The negative of an expression.</summary>
public sealed record NegativeNode(int At, PromNode Inner) : PromNode(At, Inner.Type);

/// <summary>What can stand between two expressions.</summary>
public enum PromOperator
{
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    Power,
    Atan2,
    Equal,
    NotEqual,
    Greater,
    Less,
    GreaterOrEqual,
    LessOrEqual,
    And,
    Or,
    Unless,
}

/// <summary>A function of the language.</summary>
/// <param name="Args">What it takes.</param>
/// <param name="Optional">How many of the last ones may be left out.</param>
/// <param name="Repeats">Whether the last one may come more than once.</param>
public sealed record PromFunction(string Name, PromType Returns, IReadOnlyList<PromType> Args, int Optional = 0, bool Repeats = false);

/// <summary>Why a query cannot be answered.</summary>
/// <param name="At">Where in the text, in characters; -1 where it has no place.</param>
/// <param name="IsLimit">It is well-formed but asks for too much.</param>
public sealed record PromFault(string What, int At = -1, bool IsLimit = false)
{
    /// <summary>It could be read, and only what was found showed that there is no answer.</summary>
    public bool IsFound { get; init; }

    public override string ToString() => At < 0 ? What : $"{What} (character {At + 1})";
}
