using Mainstay.Client.Flows;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Client;

/// <summary>Try, confirm and cancel in any order and any number of times come to one end, and nothing stays reserved.</summary>
public sealed class TccRulesTests
{
    static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(TccState.None, "cancel", TccVerdict.Empty, TccState.Cancelled)]
    [InlineData(TccState.Cancelled, "try", TccVerdict.Refused, TccState.Cancelled)]
    [InlineData(TccState.Trying, "cancel", TccVerdict.Later, TccState.Trying)]
    [InlineData(TccState.Trying, "try", TccVerdict.Later, TccState.Trying)]
    [InlineData(TccState.Trying, "confirm", TccVerdict.Refused, TccState.Trying)]
    [InlineData(TccState.Tried, "try", TccVerdict.Done, TccState.Tried)]
    [InlineData(TccState.Tried, "confirm", TccVerdict.Go, TccState.Confirmed)]
    [InlineData(TccState.Confirmed, "confirm", TccVerdict.Done, TccState.Confirmed)]
    [InlineData(TccState.Confirmed, "cancel", TccVerdict.Refused, TccState.Confirmed)]
    [InlineData(TccState.Cancelled, "cancel", TccVerdict.Done, TccState.Cancelled)]
    [InlineData(TccState.None, "elope", TccVerdict.Refused, TccState.None)]
    public void Each_call_has_its_answer(TccState stands, string phase, TccVerdict verdict, TccState next) =>
        TccRules.Next(stands, phase, Now.AddSeconds(1), Now).ShouldBe((verdict, next));

    [Fact]
    public void A_try_that_died_is_cancelled_or_tried_anew()
    {
        TccRules.Next(TccState.Trying, "cancel", Now, Now).ShouldBe((TccVerdict.Go, TccState.Cancelled));
        TccRules.Next(TccState.Trying, "try", Now, Now).ShouldBe((TccVerdict.Go, TccState.Trying));
    }

    [Fact]
    public void Once_over_it_stays_over_whatever_comes()
    {
        var chance = new Random(11);
        string[] phases = ["try", "confirm", "cancel"];
        for (var round = 0; round < 2000; round++)
        {
            var (stands, over, reserved) = (TccState.None, TccState.None, false);
            for (var i = 0; i < 12; i++)
            {
                var phase = phases[chance.Next(3)];
                var (verdict, next) = TccRules.Next(stands, phase, Now.AddSeconds(chance.Next(2)), Now);
                if (verdict == TccVerdict.Go && phase == "try" && chance.Next(3) > 0)
                {
                    (next, reserved) = (TccState.Tried, true);
                }

                if (verdict == TccVerdict.Go && phase != "try")
                {
                    reserved = false;
                }

                stands = next;
                over = over == TccState.None && stands is TccState.Confirmed or TccState.Cancelled ? stands : over;
                if (over != TccState.None)
                {
                    stands.ShouldBe(over);
                    reserved.ShouldBeFalse();
                }
            }
        }
    }
}
