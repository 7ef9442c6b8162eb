using System.Text.Json.Nodes;
using HieraVid.Models.Tokenization;

namespace HieraVid.Models.Tests.Tokenization;

public sealed class TokenizerFilesTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_tokenizer_of_bytes_alone_encodes_any_text()
    {
        TokenizerFiles.Write(folder.Path, [], TokenizerFiles.Qwen2Tokens(151643));
        var tokenizer = ByteLevelTokenizer.Load(folder.Path);
        Assert.Equal([32, 220, 127, 102, 151645], tokenizer.Encode("A é<|im_end|>", allowSpecial: true));
        foreach (var text in RandomText.Strings(seed: 31, count: 500))
            Assert.Equal(RandomText.Normalized(text), tokenizer.Decode(tokenizer.Encode(text)));
        Assert.Equal(151646, tokenizer.IdCount);
    }

    [Fact]
    public void Both_sets_of_files_say_the_same()
    {
        TokenizerFiles.Write(folder.Path, [("Ġ", "t"), ("h", "e"), ("Ġt", "he")],
            [.. TokenizerFiles.Qwen2Tokens(300, placeholders: true), new(400, "<tool>", Special: false)]);
        Assert.Equal(["added_tokens.json", "merges.txt", "special_tokens_map.json", "tokenizer.json",
            "tokenizer_config.json", "vocab.json"], folder.Names);
        var whole = ByteLevelTokenizer.Load(folder.Path);
        File.Delete(folder.File("tokenizer.json"));
        var older = ByteLevelTokenizer.Load(folder.Path);

        foreach (var text in RandomText.Strings(seed: 32, count: 500).Append(" the <tool><video>"))
            Assert.Equal(whole.Encode(text, allowSpecial: true), older.Encode(text, allowSpecial: true));
        Assert.Equal([258, 220, 400, 304], whole.Encode(" the <tool><video>", allowSpecial: true));
        Assert.Equal(whole.AddedTokens, older.AddedTokens);
        Assert.Equal(" the <tool>", older.Decode([258, 220, 400, 304]));
    }

    [Fact]
    public void The_fixture_is_rebuilt_from_its_merges()
    {
        var merges = File.ReadAllLines(System.IO.Path.Combine(TokenizerCases.Folder, "merges.txt"))
            .Where(line => !line.StartsWith("#version", StringComparison.Ordinal))
            .Select(line => (line.Split(' ')[0], line.Split(' ')[1])).ToList();
        TokenizerFiles.Write(folder.Path, merges, TokenizerFiles.Qwen2Tokens(600));
        var tokenizer = ByteLevelTokenizer.Load(folder.Path);
        foreach (var item in TokenizerCases.Texts)
            Assert.Equal(item.Ids(), tokenizer.Encode(item.String("text"), allowSpecial: true));
    }

    [Fact]
    public void Impossible_vocabularies_are_refused()
    {
        Assert.Throws<ArgumentException>(() => TokenizerFiles.Write(folder.Path, [("ab", "c")], []));
        Assert.Throws<ArgumentException>(() => TokenizerFiles.Write(folder.Path, [], [new(255, "<x>")]));
        Assert.Throws<ArgumentException>(() => TokenizerFiles.Write(folder.Path, [], [new(300, "<x>"), new(300, "<y>")]));
        Assert.Throws<ArgumentException>(() => TokenizerFiles.Write(folder.Path, [], [new(300, "<x>"), new(301, "<x>")]));
        Assert.Throws<ModelException>(() => TokenizerFiles.Write(folder.File("absent"), [], []));
        Assert.Empty(folder.Names);
    }

    [Fact]
    public void A_folder_without_tokenizer_says_what_is_needed() =>
        Assert.Contains("vocab.json and merges.txt", Fault(() => { }), StringComparison.Ordinal);

    [Theory]
    [InlineData("model.type", "\"Unigram\"", "model.type Unigram is not supported; only BPE is")]
    [InlineData("model.byte_fallback", "true", "model.byte_fallback true is not supported")]
    [InlineData("model.merges", "[\"ab\"]", "merge \"ab\" is no pair")]
    [InlineData("model.merges", "[\"a  b\"]", "is no pair")]
    [InlineData("model.merges", "[[\"a\"]]", "is no pair")]
    [InlineData("model.merges", "[\"a b\"]", "needs the entry ab, which is not in the vocabulary")]
    [InlineData("model.merges", "[null]", "is no pair")]
    [InlineData("model.merges", "[[null,\"a\"]]", "not in the vocabulary")]
    [InlineData("added_tokens.0.content", "null", "added token 300 has no text")]
    [InlineData("model.merges", "3", "does not have the form")]
    [InlineData("model.vocab", "{}", "byte 0 needs the entry")]
    [InlineData("model.vocab", "{\"a\":-1}", "has the id -1")]
    [InlineData("model.vocab", "{\"a\":2000000000}", "has the id 2000000000")]
    [InlineData("model.vocab", "{\"a\":1e30}", "does not have the form")]
    [InlineData("model", "null", "does not have the form")]
    [InlineData("normalizer", "{\"type\":\"NFKC\"}", "normalizer NFKC is not supported; only NFC is")]
    [InlineData("pre_tokenizer", "null", "its pre_tokenizer is not supported")]
    [InlineData("pre_tokenizer.pretokenizers.0.pattern", "{\"Regex\":\"\\\\w+\"}", "pattern \\w+ is not supported")]
    [InlineData("pre_tokenizer.pretokenizers.1.add_prefix_space", "true", "add_prefix_space true is not supported")]
    [InlineData("added_tokens.0.lstrip", "true", "lstrip of the added token <|endoftext|>")]
    [InlineData("added_tokens.0.content", "\"\"", "added token 300 has no text")]
    [InlineData("added_tokens.0.content", "\"<|im_end|>\"", "adds the token <|im_end|> twice")]
    public void Another_kind_of_tokenizer_is_refused_by_name(string key, string value, string fault) =>
        Assert.Contains(fault, Fault(() =>
        {
            TokenizerFiles.Write(folder.Path, [], TokenizerFiles.Qwen2Tokens(300));
            var root = JsonNode.Parse(File.ReadAllText(folder.File("tokenizer.json")))!;
            var keys = key.Split('.');
            var parent = keys[..^1].Aggregate(root, Child);
            parent[keys[^1]] = JsonNode.Parse(value);
            File.WriteAllText(folder.File("tokenizer.json"), root.ToJsonString());
        }), StringComparison.Ordinal);

    [Fact]
    public void Text_is_not_normalised_where_the_file_says_nothing_of_it()
    {
        TokenizerFiles.Write(folder.Path, [], TokenizerFiles.Qwen2Tokens(300));
        var root = JsonNode.Parse(File.ReadAllText(folder.File("tokenizer.json")))!;
        root["normalizer"] = null;
        File.WriteAllText(folder.File("tokenizer.json"), root.ToJsonString());
        var tokenizer = ByteLevelTokenizer.Load(folder.Path);
        Assert.Equal("e\u0301", tokenizer.Decode(tokenizer.Encode("e\u0301")));
    }

    private static JsonNode Child(JsonNode node, string key) =>
        (int.TryParse(key, out var index) ? node[index] : node[key])!;

    private string Fault(Action prepare)
    {
        prepare();
        return Assert.Throws<ModelException>(() => ByteLevelTokenizer.Load(folder.Path)).Message;
    }
}
