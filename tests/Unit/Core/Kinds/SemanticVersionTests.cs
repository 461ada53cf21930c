using Mainstay.Core.Kinds;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Core.Kinds;

public sealed class SemanticVersionTests
{
    // The examples of semver.org §11, and numbers of more digits than a machine word has.
    static readonly string[] Ascending =
    [
        "0.0.0-0", "0.0.0", "0.9.10", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0",
        "2.0.0-9", "2.0.0-99999999999999999999", "2.0.0-100000000000000000000", "2.0.0--", "2.0.0-A", "2.0.0-a", "2.0.0", "2.1.0", "2.1.1", "2147483647.0.0",
    ];

    [Fact]
    public void Precedence_is_that_of_the_specification()
    {
        var versions = Ascending.Select(Read).ToArray();
        for (var i = 0; i < versions.Length; i++)
        {
            for (var j = 0; j < versions.Length; j++)
            {
                Math.Sign(versions[i].CompareTo(versions[j])).ShouldBe(Math.Sign(i.CompareTo(j)), $"{Ascending[i]} and {Ascending[j]}");
            }
        }
    }

    [Theory]
    [InlineData("1", "1.0.0")]
    [InlineData("1.2", "1.2.0")]
    [InlineData("1.2-rc.1", "1.2.0-rc.1")]
    [InlineData("1.2.3+build.7-x", "1.2.3")]
    [InlineData("1.2.3-a-b.0+001", "1.2.3-a-b.0")]
    [InlineData("1.0.0-0a", "1.0.0-0a")]
    public void A_version_reads_as(string text, string shown) => Read(text).ToString().ShouldBe(shown);

    [Theory]
    [InlineData("")]
    [InlineData("v1")]
    [InlineData("1.")]
    [InlineData(".1")]
    [InlineData("1..2")]
    [InlineData("1.2.3.4")]
    [InlineData("1.2.3.4.5")]
    [InlineData("01.2.3")]
    [InlineData("1.02")]
    [InlineData("1.2.3-")]
    [InlineData("1.2.3-01")]
    [InlineData("1.2.3-a..b")]
    [InlineData("1.2.3-ä")]
    [InlineData("1.2.3+")]
    [InlineData("1.2.3+a+b")]
    [InlineData("1.2.3+a_b")]
    [InlineData(" 1.2.3")]
    [InlineData("-1.2.3")]
    [InlineData("2147483648.0.0")]
    [InlineData("latest")]
    public void Anything_else_is_no_version(string text) => SemanticVersion.TryParse(text, out _).ShouldBeFalse();

    [Theory]
    [InlineData(">=2.0 <3.0", "2.0.0 2.9.9 3.0.0-rc.1", "1.9.9 2.0.0-rc.1 3.0.0")]
    [InlineData(">1", "1.0.1 2.0.0", "1.0.0 1.0.0-rc.1")]
    [InlineData("<=1.5", "1.5.0 0.1.0", "1.5.1")]
    [InlineData("1.4", "1.4.0 1.4.0+x", "1.4.1 1.4.0-rc.1")]
    [InlineData("=1.4.0-rc.1", "1.4.0-rc.1", "1.4.0")]
    [InlineData("  >=1   <2  ", "1.0.0", "2.0.0")]
    [InlineData(">2 <1", "", "0.1.0 1.5.0 3.0.0")]
    public void All_comparators_of_a_range_must_hold(string text, string within, string without)
    {
        VersionRange.TryParse(text, out var range).ShouldBeTrue();
        within.Split(' ', StringSplitOptions.RemoveEmptyEntries).ShouldAllBe(v => range.Contains(Read(v)));
        without.Split(' ', StringSplitOptions.RemoveEmptyEntries).ShouldAllBe(v => !range.Contains(Read(v)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("  ")]
    [InlineData("*")]
    [InlineData("^1.0")]
    [InlineData(">= 2")]
    [InlineData(">")]
    [InlineData("==1")]
    [InlineData("=>1")]
    [InlineData(">=1,<2")]
    [InlineData(">=1 || <2")]
    public void Anything_else_is_no_range(string text) => VersionRange.TryParse(text, out _).ShouldBeFalse();

    static SemanticVersion Read(string text)
    {
        SemanticVersion.TryParse(text, out var version).ShouldBeTrue(text);
        return version;
    }
}
