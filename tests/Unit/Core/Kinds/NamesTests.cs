using Mainstay.Core.Kinds;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Core.Kinds;

public sealed class NamesTests
{
    [Theory]
    [InlineData("a", true)]
    [InlineData("0", true)]
    [InlineData("web-1.db", true)]
    [InlineData("", false)]
    [InlineData(null, false)]
    [InlineData("-a", false)]
    [InlineData("a-", false)]
    [InlineData(".a", false)]
    [InlineData("a.", false)]
    [InlineData("Web", false)]
    [InlineData("a_b", false)]
    [InlineData("a/b", false)]
    [InlineData("a b", false)]
    [InlineData("ä", false)]
    [InlineData("a\n", false)]
    public void A_name_is_lower_case_letters_digits_dashes_and_dots(string? name, bool valid) => Names.IsValid(name).ShouldBe(valid);

    [Fact]
    public void A_name_has_at_most_63_characters()
    {
        Names.IsValid(new string('a', 63)).ShouldBeTrue();
        Names.IsValid(new string('a', 64)).ShouldBeFalse();
    }

    [Theory]
    [InlineData("", "a b", null)]
    [InlineData("b", "a", "a")]
    [InlineData("RUN", "run", "run")]
    [InlineData("rum", "run sum", "run")]
    [InlineData("rmu", "rum", "rum")]
    [InlineData("comand", "command commands", "command")]
    [InlineData("enviroment", "environment", "environment")]
    [InlineData("helth", "wealth", null)]
    [InlineData("ab", "cd", null)]
    public void The_nearest_word_is_at_most_a_third_wrong(string word, string known, string? meant) =>
        Nearest.To(word, known.Split(' ')).ShouldBe(meant);

    [Fact]
    public void Long_input_is_not_guessed_at()
    {
        var word = new string('a', 64);
        Nearest.To(word, [word + "b"]).ShouldBe(word + "b");
        Nearest.To(word + "b", [word]).ShouldBeNull();
        Nearest.To("a", []).ShouldBeNull();
    }
}
