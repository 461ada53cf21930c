using System.Text;
using Mainstay.Host;
using Mainstay.Host.Cli;
using Mainstay.Tests.Host.Cli;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Host;

public sealed class LossyWriterTests
{
    [Fact]
    public void What_cannot_be_written_is_counted_and_ends_nothing()
    {
        using var writer = new LossyWriter(new FullDisk());
        var before = LossyWriter.Lost;
        writer.WriteLine("a line");
        writer.Write('c');
        writer.Flush();
        writer.Failure.ShouldNotBeNull().Message.ShouldContain("No space left on device");
        LossyWriter.Lost.ShouldBeGreaterThan(before);
    }

    [Fact]
    public async Task A_command_whose_output_is_lost_says_so()
    {
        using var error = new StringWriter();
        var environment = CliStage.BareEnvironment() with { Out = new LossyWriter(new FullDisk()), Error = error };
        (await CommandLine.RunAsync(["version"], environment, TestContext.Current.CancellationToken)).ShouldBe(ExitCode.Failed);
        error.ToString().Split('\n')[0].ShouldBe("the output cannot be written: No space left on device");
    }

    sealed class FullDisk : TextWriter
    {
        public override Encoding Encoding => Encoding.UTF8;

        public override void Write(char value) => throw new IOException("No space left on device : '/var/log/it'");
    }
}
