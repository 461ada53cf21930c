using Mainstay.Tests.Scenarios;
using Xunit;

namespace Mainstay.Tests.Observe;

/// <summary>Whole systems with a fault, and what is found: in <c>Scenarios/why</c>. The steps are described in <see cref="SyntheticSystem"/>.</summary>
public sealed class WhyScenarios
{
    [Theory]
    [MemberData(nameof(ScenarioFile.In), "why", MemberType = typeof(ScenarioFile))]
    public void Diagnoses(string name)
    {
        var system = new SyntheticSystem();
        ScenarioFile.Run(name, system.Play);
    }
}
