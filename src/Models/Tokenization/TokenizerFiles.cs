using System.Text;
using System.Text.Json.Nodes;
using HieraVid.Models.Configuration;

namespace HieraVid.Models.Tokenization;

/// <summary>Writes the files of a byte-level tokenizer, for checkpoints that are made up rather than trained.</summary>
public static class TokenizerFiles
{
    private static readonly string[] UnsetFlags = ["lstrip", "normalized", "rstrip", "single_word"];

    /// <summary>The control tokens of Qwen2, at consecutive ids.</summary>
    /// <param name="firstId">The id of <c>&lt;|endoftext|&gt;</c>; 151643 in the published models.</param>
    /// <param name="placeholders">Whether <c>&lt;image&gt;</c> and <c>&lt;video&gt;</c> follow, as in "-hf" files.</param>
    public static IReadOnlyList<AddedToken> Qwen2Tokens(int firstId, bool placeholders = false)
    {
        string[] texts = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<image>", "<video>"];
        return ControlTokens(firstId, texts.Take(placeholders ? 5 : 3));
    }

    /// <summary>Control tokens at consecutive ids.</summary>
    internal static IReadOnlyList<AddedToken> ControlTokens(int firstId, IEnumerable<string> texts) =>
        [.. texts.Select((text, i) => new AddedToken(firstId + i, text))];

    /// <summary>Writes tokenizer.json and the older set of files beside it, all saying the same.</summary>
    /// <param name="folder">An existing folder.</param>
    /// <param name="merges">
    /// Pairs in the byte alphabet ("Ġ" is a space), each of bytes or earlier results; may be empty. The ids 0 to 255
    /// are the bytes, the result of the first merge is 256, and so on.
    /// </param>
    /// <param name="added">The tokens beside the vocabulary; their ids must be free.</param>
    /// <exception cref="ArgumentException">Tokens share an id or a text, or a merge joins what isn't there.</exception>
    /// <exception cref="ModelException">A file cannot be written.</exception>
    public static void Write(
        string folder, IReadOnlyList<(string Left, string Right)> merges, IReadOnlyList<AddedToken> added)
    {
        var vocabulary = BuildVocabulary(merges, added);
        var entries = new JsonObject(vocabulary.Select(
            entry => KeyValuePair.Create(entry.Key, (JsonNode?)entry.Value)));
        var lines = merges.Select(merge => $"{merge.Left} {merge.Right}").ToList();
        Save(folder, TokenizerJson.FileName, ConfigJson.Format(Whole(entries, lines, added)));
        Save(folder, VocabularyFiles.VocabularyName, ConfigJson.Format(entries.DeepClone()));
        Save(folder, VocabularyFiles.MergesName, string.Join('\n', ["#version: 0.2", .. lines, ""]));
        Save(folder, VocabularyFiles.AddedName, ConfigJson.Format(
            new JsonObject(added.Select(token => KeyValuePair.Create(token.Text, (JsonNode?)token.Id)))));
        Save(folder, "special_tokens_map.json", ConfigJson.Format(SpecialTokens(added)));
        Save(folder, VocabularyFiles.SettingsName, ConfigJson.Format(Settings(added)));
    }

    private static Dictionary<string, int> BuildVocabulary(
        IReadOnlyList<(string Left, string Right)> merges, IReadOnlyList<AddedToken> added)
    {
        var vocabulary = new Dictionary<string, int>();
        foreach (var value in ByteAlphabet.VocabularyOrder)
            vocabulary.Add(ByteAlphabet.Character(value).ToString(), vocabulary.Count);
        foreach (var (left, right) in merges)
        {
            if (!vocabulary.ContainsKey(left) || !vocabulary.ContainsKey(right))
                throw new ArgumentException($"The merge \"{left} {right}\" joins what no byte or earlier merge made.");
            vocabulary.TryAdd(left + right, vocabulary.Count);
        }
        if (added.Any(token => token.Id < vocabulary.Count || token.Text.Length == 0)
            || added.DistinctBy(token => token.Id).Count() < added.Count
            || added.DistinctBy(token => token.Text).Count() < added.Count)
            throw new ArgumentException(
                $"Added tokens need texts and ids of their own, the ids from {vocabulary.Count} on.");
        return vocabulary;
    }

    private static JsonObject Whole(JsonObject entries, List<string> merges, IReadOnlyList<AddedToken> added) => new()
    {
        ["version"] = "1.0",
        ["truncation"] = null,
        ["padding"] = null,
        ["added_tokens"] = new JsonArray([.. added.Select(token => Describe(token, withId: true))]),
        ["normalizer"] = new JsonObject { ["type"] = "NFC" },
        ["pre_tokenizer"] = new JsonObject
        {
            ["type"] = "Sequence",
            ["pretokenizers"] = new JsonArray(
                new JsonObject
                {
                    ["type"] = "Split",
                    ["pattern"] = new JsonObject { ["Regex"] = Qwen2Splitter.Pattern },
                    ["behavior"] = "Isolated",
                    ["invert"] = false,
                },
                ByteLevel()),
        },
        ["post_processor"] = ByteLevel(),
        ["decoder"] = ByteLevel(),
        ["model"] = new JsonObject
        {
            ["type"] = "BPE",
            ["dropout"] = null,
            ["unk_token"] = null,
            ["continuing_subword_prefix"] = "",
            ["end_of_word_suffix"] = "",
            ["fuse_unk"] = false,
            ["byte_fallback"] = false,
            ["ignore_merges"] = false,
            ["vocab"] = entries,
            ["merges"] = new JsonArray([.. merges.Select(merge => JsonValue.Create(merge))]),
        },
    };

    private static JsonObject ByteLevel() => new()
    {
        ["type"] = "ByteLevel",
        ["add_prefix_space"] = false,
        ["trim_offsets"] = false,
        ["use_regex"] = false,
    };

    private static JsonObject Settings(IReadOnlyList<AddedToken> added)
    {
        var settings = SpecialTokens(added);
        settings["add_prefix_space"] = false;
        settings["added_tokens_decoder"] = new JsonObject(
            added.Select(token => KeyValuePair.Create($"{token.Id}", (JsonNode?)Describe(token, withId: false))));
        settings["bos_token"] = null;
        settings["clean_up_tokenization_spaces"] = false;
        settings["errors"] = "replace";
        settings["model_max_length"] = 32768;
        settings["split_special_tokens"] = false;
        settings["tokenizer_class"] = "Qwen2Tokenizer";
        settings["unk_token"] = null;
        return settings;
    }

    private static JsonObject SpecialTokens(IReadOnlyList<AddedToken> added)
    {
        var map = new JsonObject
        {
            ["additional_special_tokens"] = new JsonArray([.. added
                .Where(token => token.Special && token.Text != "<|endoftext|>")
                .Select(token => JsonValue.Create(token.Text))]),
        };
        if (added.Any(token => token.Text == ChatTemplate.StopToken))
            map["eos_token"] = ChatTemplate.StopToken;
        if (added.Any(token => token.Text == "<|endoftext|>"))
            map["pad_token"] = "<|endoftext|>";
        return map;
    }

    private static JsonObject Describe(AddedToken token, bool withId)
    {
        var node = new JsonObject();
        if (withId)
            node["id"] = token.Id;
        node["content"] = token.Text;
        foreach (var flag in UnsetFlags)
            node[flag] = false;
        node["special"] = token.Special;
        return node;
    }

    private static void Save(string folder, string name, string text)
    {
        var path = Path.Combine(folder, name);
        try
        {
            File.WriteAllText(path, text, new UTF8Encoding(false));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            if (File.Exists(path))
                File.Delete(path);
            throw ModelException.Unwritable(path, text.Length, error);
        }
    }
}
