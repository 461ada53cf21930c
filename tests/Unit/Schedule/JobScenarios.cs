using Mainstay.Tests.Scenarios;
using Xunit;

namespace Mainstay.Tests.Schedule;

/// <summary>How jobs run, on virtual time, as text: <c>Scenarios/job/*.txt</c>. The commands are those of <see cref="JobWords"/>.</summary>
public sealed class JobScenarios
{
    public static TheoryData<string> Files => ScenarioFile.In("job");

    [Theory]
    [MemberData(nameof(Files))]
    public void TheTraceIsAsWritten(string file) => ScenarioFile.Run(file, new JobWords().Run);
}
