using System.Text.RegularExpressions;
using HieraVid.Models.Tokenization;

namespace HieraVid.Models.Tests.Tokenization;

public sealed class Qwen2SplitterTests
{
    // .NET's engine is right as long as every character is one UTF-16 unit, and folds the long s only on request.
    private static readonly Regex Reference = new(
        Qwen2Splitter.Pattern.Replace("'s|", "'s|'\u017F|", StringComparison.Ordinal), RegexOptions.CultureInvariant);

    [Fact]
    public void Agrees_with_the_regular_expression_inside_the_basic_plane()
    {
        foreach (var text in RandomText.Strings(seed: 21, count: 20_000))
        {
            var plain = string.Concat(text.EnumerateRunes().Where(rune => rune.IsBmp));
            Assert.Equal(Reference.Matches(plain).Select(match => match.Value), Words(plain));
        }
    }

    [Theory]
    [InlineData("𠮷野家", "𠮷野家")]
    [InlineData("x𝟘𝟙", "x|𝟘|𝟙")]
    [InlineData("nice😀video🎥end", "nice|😀video|🎥end")]
    [InlineData("a 😀😁 b", "a| 😀😁| b")]
    [InlineData("𝒳𝓎'SX 'll", "𝒳𝓎|'S|X| '|ll")]
    [InlineData("a  \n \n  b", "a|  \n \n| | b")]
    public void Classifies_by_code_point(string text, string expected) =>
        Assert.Equal(expected.Split('|'), Words(text));

    private static List<string> Words(string text)
    {
        var words = new List<string>();
        for (int start = 0, end; start < text.Length; start = end)
            words.Add(text[start..(end = Qwen2Splitter.WordEnd(text, start))]);
        return words;
    }
}
