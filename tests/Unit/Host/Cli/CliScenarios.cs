using Mainstay.Tests.Scenarios;
using Xunit;

namespace Mainstay.Tests.Host.Cli;

/// <summary>Command lines and everything that they write, in <c>Scenarios/cli</c>. The steps are described in <see cref="CliStage"/>.</summary>
public class CliScenarios
{
    public static TheoryData<string> Files => ScenarioFile.In("cli");

    [Theory]
    [MemberData(nameof(Files))]
    public void Every_command_line_writes_its_recorded_trace(string file)
    {
        using var stage = new CliStage();
        ScenarioFile.Run(file, stage.Play);
    }
}
