namespace Mainstay.Bench;

/// <summary>
/// Something hot that is measured: every public class of this assembly that implements this and has a parameterless constructor takes
/// part, under its <see cref="Name"/>, which must have a line in <c>budget.json</c>.
/// </summary>
public interface IBenchmark
{
    /// <summary>The noun that is measured, such as <c>traffic/parse</c>.</summary>
    string Name { get; }

    /// <summary>Called once, before anything is measured.</summary>
    void Setup();

    /// <summary>Does the operation so many times, on the calling thread.</summary>
    void Run(int iterations);
}
