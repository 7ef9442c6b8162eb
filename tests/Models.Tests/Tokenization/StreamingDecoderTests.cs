using HieraVid.Models.Tokenization;

namespace HieraVid.Models.Tests.Tokenization;

public sealed class StreamingDecoderTests
{
    private static readonly ByteLevelTokenizer Tokenizer = TokenizerCases.Tokenizer;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_pieces_join_to_the_whole(bool skipSpecial)
    {
        foreach (var item in TokenizerCases.Texts.Concat(TokenizerCases.Decodings))
            Assert.Equal(Tokenizer.Decode(item.Ids(), skipSpecial), Stream(item.Ids(), skipSpecial));

        var random = new Random(5);
        for (var trial = 0; trial < 2000; trial++)
        {
            var ids = Enumerable.Range(0, random.Next(12)).Select(_ => random.Next(620)).ToArray();
            Assert.Equal(Tokenizer.Decode(ids, skipSpecial), Stream(ids, skipSpecial));
        }
    }

    [Fact]
    public void An_emoji_is_held_back_until_its_last_byte()
    {
        var decoder = new StreamingDecoder(Tokenizer);
        Assert.Equal(["", "", "", "😀"], new[] { 172, 253, 246, 222 }.Select(decoder.Append));
        Assert.Equal("", decoder.Flush());
    }

    [Fact]
    public void An_emoji_cut_short_is_replaced_at_the_end()
    {
        var decoder = new StreamingDecoder(Tokenizer);
        Assert.Equal(["", ""], new[] { 172, 253 }.Select(decoder.Append));
        Assert.Equal("\uFFFD", decoder.Flush());
    }

    private static string Stream(int[] ids, bool skipSpecial)
    {
        var decoder = new StreamingDecoder(Tokenizer, skipSpecial);
        return string.Concat(ids.Select(decoder.Append)) + decoder.Flush();
    }
}
