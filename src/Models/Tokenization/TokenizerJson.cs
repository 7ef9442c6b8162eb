using System.Text.Json;

namespace HieraVid.Models.Tokenization;

/// <summary>Reads tokenizer.json, and refuses what would make it another kind of tokenizer than ours.</summary>
internal static class TokenizerJson
{
    public const string FileName = "tokenizer.json";

    private static readonly string[] ForbiddenFlags = ["byte_fallback", "ignore_merges"];
    private static readonly string[] ForbiddenAffixes = ["continuing_subword_prefix", "end_of_word_suffix"];

    /// <exception cref="ModelException">The file is damaged or describes another kind of tokenizer.</exception>
    public static TokenizerData Read(string path) => TokenizerText.Parse(path, root =>
    {
        var model = root.GetProperty("model");
        Expect(path, "model.type", Text(model, "type") ?? "BPE", "BPE");
        foreach (var flag in ForbiddenFlags)
            if (model.TryGetProperty(flag, out var value) && value.ValueKind == JsonValueKind.True)
                Expect(path, $"model.{flag}", "true", "false");
        foreach (var affix in ForbiddenAffixes)
            Expect(path, $"model.{affix}", Text(model, affix) ?? "", "");
        CheckSplitting(path, root);
        return new TokenizerData(
            path, TokenizerText.ReadVocabulary(path, model.GetProperty("vocab")),
            [.. model.GetProperty("merges").EnumerateArray().Select(merge => ReadMerge(path, merge))],
            ReadAdded(path, root), ReadNormalizer(path, root));
    });

    private static (string, string) ReadMerge(string path, JsonElement merge) =>
        merge.ValueKind == JsonValueKind.Array
            ? merge.GetArrayLength() == 2
                ? (merge[0].GetString() ?? "", merge[1].GetString() ?? "")
                : throw ModelException.Damaged(path, $"merge {merge.GetRawText()} is no pair")
            : TokenizerText.ReadMerge(path, merge.GetString() ?? "");

    private static List<AddedToken> ReadAdded(string path, JsonElement root)
    {
        var added = new List<AddedToken>();
        if (root.TryGetProperty("added_tokens", out var tokens) && tokens.ValueKind == JsonValueKind.Array)
            foreach (var token in tokens.EnumerateArray())
                added.Add(TokenizerText.ReadAdded(path, token.GetProperty("id").GetInt32(), token));
        return added;
    }

    private static bool ReadNormalizer(string path, JsonElement root)
    {
        if (!root.TryGetProperty("normalizer", out var normalizer) || normalizer.ValueKind == JsonValueKind.Null)
            return false;
        Expect(path, "normalizer", Text(normalizer, "type") ?? "", "NFC");
        return true;
    }

    private static void CheckSplitting(string path, JsonElement root)
    {
        if (!root.TryGetProperty("pre_tokenizer", out var splitting) || splitting.ValueKind != JsonValueKind.Object
            || Text(splitting, "type") != "Sequence")
            throw ModelException.Unsupported(path, "its pre_tokenizer",
                "only the sequence Split, ByteLevel of the Qwen2 family is");
        var steps = splitting.GetProperty("pretokenizers").EnumerateArray().ToArray();
        Expect(path, "pre_tokenizer", string.Join(", ", steps.Select(step => Text(step, "type"))), "Split, ByteLevel");
        Expect(path, "pre_tokenizer's pattern", Text(steps[0].GetProperty("pattern"), "Regex") ?? "none",
            Qwen2Splitter.Pattern);
        Expect(path, "pre_tokenizer's behavior", Text(steps[0], "behavior") ?? "none", "Isolated");
        foreach (var (step, flag) in new[] { (0, "invert"), (1, "add_prefix_space"), (1, "use_regex") })
            if (steps[step].TryGetProperty(flag, out var value) && value.ValueKind == JsonValueKind.True)
                Expect(path, $"pre_tokenizer's {flag}", "true", "false");
    }

    private static void Expect(string path, string what, string found, string expected)
    {
        if (found != expected)
            throw ModelException.Unsupported(path, $"{what} {found}",
                expected.Length > 0 ? $"only {expected} is" : "only an empty one is");
    }

    private static string? Text(JsonElement element, string key) =>
        element.TryGetProperty(key, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;
}
