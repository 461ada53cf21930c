using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Traffic;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Core.Kinds;

public sealed class NotationTests
{
    [Theory]
    [InlineData("20%", 0.2)]
    [InlineData("0.5%", 0.005)]
    [InlineData("0%", 0.0)]
    [InlineData("100%", 1.0)]
    public void A_share_is_read_and_written(string text, double fraction)
    {
        Share.TryParse(text, out var share).ShouldBeTrue();
        share.Fraction.ShouldBe(fraction, 1e-12);
        share.ToString().ShouldBe(text);
    }

    [Theory]
    [InlineData("100/s", 100, 1000)]
    [InlineData("5/m", 5, 60_000)]
    [InlineData("20/10s", 20, 10_000)]
    [InlineData("1/1h30m", 1, 5_400_000)]
    [InlineData("3/ms", 3, 1)]
    public void A_rate_is_read_and_written(string text, long count, long perMs)
    {
        Rate.TryParse(text, out var rate).ShouldBeTrue();
        rate.ShouldBe(new Rate(count, TimeSpan.FromMilliseconds(perMs)));
        rate.ToString().ShouldBe(text);
    }

    [Theory]
    [InlineData("512", 512)]
    [InlineData("64Ki", 65_536)]
    [InlineData("256Mi", 268_435_456)]
    [InlineData("0", 0)]
    public void A_size_is_read_and_written(string text, long bytes)
    {
        ByteSize.TryParse(text, out var size).ShouldBeTrue();
        size.Bytes.ShouldBe(bytes);
        size.ToString().ShouldBe(text);
    }

    [Theory]
    [InlineData("5M", "5000000")]
    [InlineData("2048Ki", "2Mi")]
    public void A_size_is_written_in_its_shortest_exact_form(string text, string written)
    {
        ByteSize.TryParse(text, out var size).ShouldBeTrue();
        size.ToString().ShouldBe(written);
    }

    [Theory]
    [InlineData("p50", null, 50)]
    [InlineData("p99", null, 99)]
    [InlineData("50ms", 50, 0)]
    [InlineData("1s500ms", 1500, 0)]
    public void A_delay_is_read_and_written(string text, int? ms, int percent)
    {
        HedgeAfter.TryParse(text, out var after).ShouldBeTrue();
        after.ShouldBe(new HedgeAfter(ms is { } time ? TimeSpan.FromMilliseconds(time) : null, percent));
        after.ToString().ShouldBe(text);
    }

    [Theory]
    [InlineData("p")]
    [InlineData("p5")]
    [InlineData("p49")]
    [InlineData("p100")]
    [InlineData("p+5")]
    [InlineData("95%")]
    [InlineData("")]
    public void No_other_text_is_a_delay(string text) => HedgeAfter.TryParse(text, out _).ShouldBeFalse();

    [Theory]
    [InlineData("")]
    [InlineData("20")]
    [InlineData("-1%")]
    [InlineData("101%")]
    [InlineData("0/s")]
    [InlineData("1/0s")]
    [InlineData("1/")]
    [InlineData("/s")]
    [InlineData("1.5/s")]
    [InlineData("1KiB")]
    [InlineData("-1Ki")]
    [InlineData("99999999999999999Ti")]
    public void Anything_else_is_refused(string text)
    {
        Share.TryParse(text, out _).ShouldBeFalse();
        Rate.TryParse(text, out _).ShouldBeFalse();
        if (text != "20") ByteSize.TryParse(text, out _).ShouldBeFalse();
    }
}
