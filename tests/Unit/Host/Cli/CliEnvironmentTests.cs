using Mainstay.Host.Cli;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Host.Cli;

public sealed class CliEnvironmentTests
{
    [Theory]
    [InlineData("ada", "ada")]
    [InlineData("", "grace")]
    [InlineData(null, "grace")]
    public void Who_gives_a_command_is_the_account_where_USER_does_not_say_it(string? user, string expected)
    {
        var variables = new Dictionary<string, string>();
        if (user is not null) variables["USER"] = user;
        var environment = new CliEnvironment
        {
            Out = TextWriter.Null, Error = TextWriter.Null, Variables = variables, Account = "grace", WorkingFolder = "/", Handler = () => throw new NotSupportedException(), Machine = new FakeMachine(),
        };

        environment.User.ShouldBe(expected);
    }

    [Fact]
    public void The_account_of_this_process_has_a_name() => CliEnvironment.OfProcess().Account.ShouldNotBeNullOrEmpty();
}
