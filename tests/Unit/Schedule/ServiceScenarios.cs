using Mainstay.Tests.Scenarios;
using Xunit;

namespace Mainstay.Tests.Schedule;

/// <summary>How services are brought to their declaration, as text: <c>Scenarios/service/*.txt</c>. The commands are those of <see cref="ServiceWords"/>.</summary>
public sealed class ServiceScenarios
{
    public static TheoryData<string> Files => ScenarioFile.In("service");

    [Theory]
    [MemberData(nameof(Files))]
    public void TheTraceIsAsWritten(string file) => ScenarioFile.Run(file, new ServiceWords().Run);
}
