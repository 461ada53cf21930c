namespace Mainstay.Core.Kinds;

/// <summary>Something wrong with what a user wrote. Validation returns all of them, never the first alone.</summary>
/// <param name="Path">Where, as dotted keys below the thing validated: <c>services.web.health.interval</c>. The manifest turns it into file, line and column.</param>
/// <param name="What">What is wrong, as a clause without a full stop: <c>min 4 is greater than max 2</c>.</param>
/// <param name="Remedy">What to do about it, as an imperative clause.</param>
public sealed record Problem(string Path, string What, string Remedy)
{
    /// <summary>The same problem seen from a parent: its path gets <paramref name="prefix"/> in front.</summary>
    public Problem Under(string prefix) => this with { Path = Path.Length == 0 ? prefix : prefix + "." + Path };

    public override string ToString() => $"{Path}: {What}; {Remedy}";
}
