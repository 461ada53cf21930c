using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Schedule.Drivers;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Schedule.Drivers;

/// <summary>What instances find in their environment.</summary>
public sealed class InstanceEnvironmentTests
{
    [Theory]
    [InlineData(null, "http://127.0.0.1:30001")]
    [InlineData(true, "http://127.0.0.2:30001")]
    public void Links_are_called_by_the_address_of_the_version(bool? other, string url)
    {
        using var folder = new TempFolder();
        var service = new Service { Name = "web", BaseFolder = "/", Spec = new() { Run = "./web", Env = new Dictionary<string, string> { ["ELSE"] = "http://127.0.0.1:9" }, Needs = new Dictionary<string, NeedSpec> { ["orders"] = new() } } };
        var template = Templates.Of(service, new Dictionary<string, int> { ["orders"] = 30_001 });
        var instance = new Instance { Name = "web-1", Service = "web", Host = "h1", Template = template with { Other = other } };
        var variables = InstanceEnvironment.Of(instance, new("127.0.0.1", "http://127.0.0.1:7070"), 5000, new DataFolder(folder.Path), new Dictionary<string, string>());
        (variables[MeshLink.VariableOf("orders")], variables["ORDERS_URL"], variables["ELSE"]).ShouldBe((url, url, "http://127.0.0.1:9"));
    }

    [Theory]
    [InlineData(null, "http://10.88.0.1:30001")]
    [InlineData(true, "http://10.88.0.1:17001")]
    public void From_a_bridge_network_they_are_called_by_the_port_of_the_version(bool? other, string url)
    {
        var spec = new ServiceSpec
        {
            Image = "web", Container = new() { Network = ContainerNetwork.Bridge }, Env = new Dictionary<string, string> { ["ELSE"] = "http://127.0.0.1:9" },
            Needs = new Dictionary<string, NeedSpec> { ["orders"] = new() },
        };
        var template = Templates.Of(new Service { Name = "web", BaseFolder = "/", Spec = spec }, new Dictionary<string, int> { ["orders"] = 30_001 }) with { Other = other };
        InstanceEnvironment.CallsFromBridge(template).ShouldBeTrue();
        InstanceEnvironment.CallsFromBridge(template with { Container = new() }).ShouldBeFalse();
        var variables = template.Env.ToDictionary();
        variables["ORDERS_URL"] = "from a secret";
        InstanceEnvironment.CallByBridge(variables, template, new("10.88.0.1", "10.88.0.0/16"));
        (variables[MeshLink.VariableOf("orders")], variables["ORDERS_URL"], variables["ELSE"]).ShouldBe((url, "from a secret", "http://127.0.0.1:9"));
    }
}
