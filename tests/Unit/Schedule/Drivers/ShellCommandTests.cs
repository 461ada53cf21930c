using Mainstay.Schedule.Drivers;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Schedule.Drivers;

public sealed class ShellCommandTests
{
    [Theory]
    [InlineData("dotnet out/web.dll", "exec dotnet out/web.dll")]
    [InlineData("  node server.js --port $PORT > log 2>&1 ", "exec node server.js --port $PORT > log 2>&1")]
    [InlineData("A=1 B='x y' prog", "A=1 B='x y' exec prog")]
    [InlineData("prog 'a; b' \"c | d\" e\\;f", "exec prog 'a; b' \"c | d\" e\\;f")]
    [InlineData("\"$OUT/web\" --x", "exec \"$OUT/web\" --x")]
    public void ASingleCommandReplacesTheShell(string command, string expected) =>
        ShellCommand.Argv(command).ShouldBe(["/bin/sh", "-c", expected]);

    [Theory]
    [InlineData("a && b")]
    [InlineData("a | b")]
    [InlineData("a; b")]
    [InlineData("a &")]
    [InlineData("a\nb")]
    [InlineData("cd x")]
    [InlineData("exec a")]
    [InlineData("while true; do a; done")]
    [InlineData("(a)")]
    [InlineData("a $(b)")]
    [InlineData("a \"$(b)\"")]
    [InlineData("a `b`")]
    [InlineData("a 'unclosed")]
    [InlineData("< in a")]
    [InlineData("A=1")]
    [InlineData("a # b")]
    public void AnythingElseRunsBelowTheShell(string command) => ShellCommand.Argv(command).ShouldBe(["/bin/sh", "-c", command]);
}
