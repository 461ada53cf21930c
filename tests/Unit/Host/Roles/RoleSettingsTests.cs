using Mainstay.Host.Api.Telemetry;
using Mainstay.Host.Roles;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Host.Roles;

public class RoleSettingsTests
{
    static readonly string[] Told = ["MAINSTAY_TOKEN", "MAINSTAY_STORE_PASSWORD", "MAINSTAY_QUEUES", "MAINSTAY_QUEUES_PASSWORD", "MAINSTAY_REQUESTS", "MAINSTAY_REQUESTS_PASSWORD"];

    readonly RoleSettings settings = new(new DataLayout("/data"), "http://127.0.0.1:7070", "token", null, TelemetryPorts.None);

    /// <summary>What starts the others in the background has to have all that they need; of these each gets its own alone.</summary>
    [Theory]
    [InlineData("supervisor", "MAINSTAY_TOKEN MAINSTAY_STORE_PASSWORD MAINSTAY_QUEUES MAINSTAY_QUEUES_PASSWORD MAINSTAY_REQUESTS MAINSTAY_REQUESTS_PASSWORD")]
    [InlineData("server", "MAINSTAY_TOKEN MAINSTAY_STORE_PASSWORD MAINSTAY_QUEUES MAINSTAY_QUEUES_PASSWORD MAINSTAY_REQUESTS MAINSTAY_REQUESTS_PASSWORD")]
    [InlineData("gateway", "MAINSTAY_REQUESTS MAINSTAY_REQUESTS_PASSWORD")]
    [InlineData("agent", "")]
    public void EachRoleHasTheVariablesThatItNeeds(string role, string expected)
    {
        var env = settings.EnvironmentOf(role, Told.Append("PATH").ToDictionary(name => name, _ => "given"));
        string.Join(' ', Told.Where(env.ContainsKey)).ShouldBe(expected);
        env["PATH"].ShouldBe("given");
        env.GetValueOrDefault("MAINSTAY_TOKEN", "token").ShouldBe("token", "its own, not one that it was given");
    }
}
