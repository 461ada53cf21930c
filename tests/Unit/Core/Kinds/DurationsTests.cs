using FsCheck;
using FsCheck.Fluent;
using Mainstay.Core.Kinds;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Core.Kinds;

public sealed class DurationsTests
{
    [Theory]
    [InlineData("0", "0s")]
    [InlineData("0s", "0s")]
    [InlineData("500ms", "500ms")]
    [InlineData("1500ms", "1s500ms")]
    [InlineData("1.5h", "1h30m")]
    [InlineData("90m", "1h30m")]
    [InlineData("7d", "7d")]
    [InlineData("1d2h3m4s5ms6us", "1d2h3m4s5ms6us")]
    [InlineData("0.1us", "0.1us")]
    [InlineData("1ms2.5us", "1ms2.5us")]
    public void What_is_read_is_shown_in_the_shortest_form(string text, string shown)
    {
        Durations.TryParse(text, out var value).ShouldBeTrue();
        Durations.Format(value).ShouldBe(shown);
    }

    [Theory]
    [InlineData("")]
    [InlineData("1")]
    [InlineData("s")]
    [InlineData("1 s")]
    [InlineData(" 1s")]
    [InlineData("-1s")]
    [InlineData("+1s")]
    [InlineData("1s1h")]
    [InlineData("1s1s")]
    [InlineData("1S")]
    [InlineData("1w")]
    [InlineData("1,5s")]
    [InlineData("1.2.3s")]
    [InlineData("1e3s")]
    [InlineData("1h30")]
    [InlineData("١s")]
    [InlineData("10675200d")]
    [InlineData("10675199d1d")]
    [InlineData("10675199d3h")]
    [InlineData("99999999999999999999999999999999s")]
    public void Anything_else_is_refused(string text) => Durations.TryParse(text, out _).ShouldBeFalse();

    [Fact]
    public void Every_duration_survives_being_written() =>
        Check.One(Config.QuickThrowOnFailure, Prop.ForAll(ArbMap.Default.ArbFor<long>(), ArbMap.Default.ArbFor<byte>(), (ticks, shift) =>
        {
            var value = new TimeSpan((ticks & long.MaxValue) >> (shift % 63));
            return Durations.TryParse(Durations.Format(value), out var back) && back == value;
        }));

    [Fact]
    public void The_ends_of_the_range_can_be_written()
    {
        Durations.Format(TimeSpan.MaxValue).ShouldBe("10675199d2h48m5s477ms580.7us");
        Durations.Format(TimeSpan.MinValue).ShouldBe("-10675199d2h48m5s477ms580.8us");
        Durations.TryParse(Durations.Format(TimeSpan.MaxValue), out var most).ShouldBeTrue();
        most.ShouldBe(TimeSpan.MaxValue);
    }

    [Fact]
    public void No_text_makes_the_reader_throw() =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(1000), Prop.ForAll(
            Gen.Elements("1", "9", "0", ".", "d", "h", "m", "s", "ms", "us", "-", " ", "99999999999999").ListOf().Select(parts => string.Concat(parts)).ToArbitrary(),
            text => !Durations.TryParse(text, out var value) || value >= TimeSpan.Zero));
}
