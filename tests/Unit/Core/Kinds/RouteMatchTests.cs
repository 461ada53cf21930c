using Mainstay.Core.Kinds.Traffic;
using Mainstay.Traffic.Path;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Core.Kinds;

public sealed class RouteMatchTests
{
    static readonly string[] Parts = ["/", "/", "/", "a", "b-1", "{", "}", "{id}", "{**rest}", "{}", "{**}", "**", "?", "#", "%2f", " ", "é"];

    [Theory]
    [InlineData("/", true)]
    [InlineData("/a/", true)]
    [InlineData("/a/{id}/b", true)]
    [InlineData("/{**rest}", true)]
    [InlineData("/a//b", false)]
    [InlineData("//", false)]
    [InlineData("/{}", false)]
    [InlineData("/{a}{b}", false)]
    [InlineData("/{a", false)]
    [InlineData("/a}", false)]
    [InlineData("/a{b}", false)]
    [InlineData("/{**rest}/a", false)]
    [InlineData("/a?b", false)]
    [InlineData("/a#b", false)]
    [InlineData("/a%20b", false)]
    [InlineData("", false)]
    [InlineData("a", false)]
    public void A_path_is_a_template(string path, bool valid) => (!new RouteMatch { Path = path }.Validate().Any()).ShouldBe(valid);

    [Fact]
    public void The_gateway_can_read_every_path_that_is_valid()
    {
        var random = new Random(1);
        var valid = 0;
        for (var i = 0; i < 20_000; i++)
        {
            var path = "/" + string.Concat(Enumerable.Range(0, random.Next(7)).Select(_ => Parts[random.Next(Parts.Length)]));
            if (!new RouteMatch { Path = path }.Validate().Any())
            {
                PathTemplate.Read(path).Problem.ShouldBeNull();
                valid++;
            }
        }

        valid.ShouldBeGreaterThan(1000);
    }
}
