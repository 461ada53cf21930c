using Mainstay.Core.Kinds;

namespace Mainstay.Deliver.Manifest;

/// <summary>A place in a file.</summary>
/// <param name="File">As the user named it; empty for what came without a file.</param>
/// <param name="Line">From 1; 0 where only the file is known.</param>
/// <param name="Column">From 1, in UTF-16 units; 0 where only the file is known.</param>
public readonly record struct Place(string File, int Line, int Column)
{
    /// <summary>For what came without a file.</summary>
    public static Place Nowhere { get; } = new("", 0, 0);

    /// <summary>As compilers write it and editors follow it: <c>mainstay.yaml:12:5</c>.</summary>
    public override string ToString() => Line > 0 ? $"{File}:{Line}:{Column}" : File;
}

/// <summary>Something wrong with what a user wrote, with the place where it is written.</summary>
/// <param name="File">As the user named it; empty for what came without a file.</param>
/// <param name="Line">From 1; 0 where only the file is known.</param>
/// <param name="Column">From 1; 0 where only the file is known.</param>
/// <param name="Path">Dotted keys from the top: <c>services.web.instances.min</c>; empty for the whole.</param>
/// <param name="What">What is wrong, as a clause without a full stop.</param>
/// <param name="Remedy">What to do about it, as an imperative clause.</param>
public sealed record PlacedProblem(string File, int Line, int Column, string Path, string What, string Remedy)
{
    public PlacedProblem(Place place, Problem problem)
        : this(place.File, place.Line, place.Column, Cut(problem.Path), Cut(problem.What), Cut(problem.Remedy))
    {
    }

    // Kinds put values into their messages; however long those are, a problem stays readable.
    static string Cut(string text) => text.Length <= 500 ? text : text[..500] + "…";

    /// <summary>Two lines: place, path and what is wrong; then, indented, the remedy.</summary>
    public override string ToString()
    {
        var place = new Place(File, Line, Column).ToString();
        return string.Concat(place.Length > 0 ? place + ": " : "", Path.Length > 0 ? Path + ": " : "", What, "\n  ", Remedy);
    }
}
