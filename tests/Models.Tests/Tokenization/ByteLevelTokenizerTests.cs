using System.Text.Json.Nodes;
using HieraVid.Models.Tokenization;

namespace HieraVid.Models.Tests.Tokenization;

public sealed class ByteLevelTokenizerTests
{
    private static readonly ByteLevelTokenizer Tokenizer = TokenizerCases.Tokenizer;

    public static TheoryData<string> Names => [.. TokenizerCases.Texts.Select(item => item.String("name"))];

    public static TheoryData<int> DecodingIndices => [.. Enumerable.Range(0, TokenizerCases.Decodings.Count)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Encodes_and_decodes_as_the_reference(string name)
    {
        var item = TokenizerCases.Text(name);
        var ids = item.Ids();
        Assert.Equal(ids, Tokenizer.Encode(item.String("text"), allowSpecial: true));
        Assert.Equal(item.String("decoded"), Tokenizer.Decode(ids, skipSpecial: false));
        Assert.Equal(item.String("decoded_skip_special"), Tokenizer.Decode(ids));
    }

    [Theory]
    [MemberData(nameof(DecodingIndices))]
    public void Decodes_broken_bytes_as_the_reference(int index)
    {
        var item = TokenizerCases.Decodings[index];
        Assert.Equal(item.String("decoded"), Tokenizer.Decode(item.Ids()));
    }

    [Fact]
    public void Decoding_gives_the_normal_form_of_any_text()
    {
        foreach (var text in RandomText.Strings(seed: 11, count: 3000))
        {
            Assert.Equal(RandomText.Normalized(text), Tokenizer.Decode(Tokenizer.Encode(text)));
            foreach (var id in Tokenizer.Encode(text))
                Assert.False(Tokenizer.IsSpecial(id));
        }
    }

    [Fact]
    public void Lone_surrogates_become_the_replacement_character() =>
        Assert.Equal("a\uFFFDb\uFFFD😀", Tokenizer.Decode(Tokenizer.Encode("a\uD83Db\uDE00😀")));

    [Fact]
    public void Noncharacters_are_kept() =>
        Assert.Equal("e\uFFFE\u0301\u00E9\uFFFF", Tokenizer.Decode(Tokenizer.Encode("e\uFFFE\u0301e\u0301\uFFFF")));

    [Fact]
    public void Merges_as_pairs_and_the_older_files_give_the_same_ids()
    {
        using var pairs = new TemporaryFolder();
        var json = JsonNode.Parse(
            File.ReadAllText(System.IO.Path.Combine(TokenizerCases.Folder, "tokenizer.json")))!;
        json["model"]!["merges"] = new JsonArray([.. json["model"]!["merges"]!.AsArray().Select(merge =>
            new JsonArray([.. merge!.GetValue<string>().Split(' ').Select(half =>
                JsonValue.Create(half))]))]);
        File.WriteAllText(pairs.File("tokenizer.json"), json.ToJsonString());
        var fromPairs = ByteLevelTokenizer.Load(pairs.Path);

        using var older = new TemporaryFolder();
        foreach (var name in new[] { "vocab.json", "merges.txt", "added_tokens.json" })
            File.Copy(System.IO.Path.Combine(TokenizerCases.Folder, name), older.File(name));
        var fromOlder = ByteLevelTokenizer.Load(older.Path);
        File.Copy(System.IO.Path.Combine(TokenizerCases.Folder, "tokenizer_config.json"), older.File("tokenizer_config.json"));
        File.Delete(older.File("added_tokens.json"));
        var fromSettings = ByteLevelTokenizer.Load(older.Path);

        foreach (var text in RandomText.Strings(seed: 12, count: 1000))
        {
            var expected = Tokenizer.Encode(text, allowSpecial: true);
            Assert.Equal(expected, fromPairs.Encode(text, allowSpecial: true));
            Assert.Equal(expected, fromOlder.Encode(text, allowSpecial: true));
            Assert.Equal(expected, fromSettings.Encode(text, allowSpecial: true));
        }
        Assert.Equal(Tokenizer.AddedTokens, fromOlder.AddedTokens);
    }

    [Theory]
    [InlineData("a")]
    [InlineData("the")]
    [InlineData("😀")]
    [InlineData(" ")]
    public void A_very_long_word_is_encoded_like_any_other(string unit)
    {
        var text = string.Concat(Enumerable.Repeat(unit, 100_000));
        Assert.Equal(text, Tokenizer.Decode(Tokenizer.Encode(text)));
    }

    [Fact]
    public void More_words_than_are_remembered_are_encoded_like_any_other()
    {
        // Digits are words by themselves, so the numbers are spelt in letters.
        var words = Enumerable.Range(0, 60_000)
            .Select(number => string.Concat($"{number}".Select(digit => (char)('e' + digit - '0')))).ToArray();
        var text = string.Join(' ', words);
        var tokenizer = ByteLevelTokenizer.Load(TokenizerCases.Folder);
        Parallel.For(0, 4, _ => Assert.Equal(text, tokenizer.Decode(tokenizer.Encode(text))));
        foreach (var word in words.TakeLast(500))
            Assert.Equal(Tokenizer.Encode(word), tokenizer.Encode(word));
    }

    [Fact]
    public void Special_text_is_ordinary_unless_allowed()
    {
        Assert.Equal([602], Tokenizer.Encode("<|im_end|>", allowSpecial: true));
        Assert.DoesNotContain(602, Tokenizer.Encode("<|im_end|>"));
        Assert.Equal("<|im_end|>", Tokenizer.Decode(Tokenizer.Encode("<|im_end|>")));
    }

    [Fact]
    public void Ids_without_a_token_decode_to_nothing()
    {
        Assert.Equal("video", Tokenizer.Decode([305, 603, 151_000, -1, -200, int.MaxValue]));
        Assert.Equal(603, Tokenizer.IdCount);
        Assert.True(Tokenizer.TokenBytes(99_999).IsEmpty);
    }
}
