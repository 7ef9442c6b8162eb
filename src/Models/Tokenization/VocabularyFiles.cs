using System.Globalization;
using System.Text.Json;

namespace HieraVid.Models.Tokenization;

/// <summary>Reads the older set of files: vocab.json, merges.txt and what adds tokens to them.</summary>
internal static class VocabularyFiles
{
    public const string VocabularyName = "vocab.json";
    public const string MergesName = "merges.txt";
    public const string AddedName = "added_tokens.json";
    public const string SettingsName = "tokenizer_config.json";

    /// <exception cref="ModelException">A file is damaged, or the settings describe another tokenizer.</exception>
    public static TokenizerData Read(string folder)
    {
        var path = Path.Combine(folder, VocabularyName);
        return new TokenizerData(
            path,
            TokenizerText.Parse(path, root => TokenizerText.ReadVocabulary(path, root)),
            ReadMerges(Path.Combine(folder, MergesName)),
            ReadAdded(folder),
            Normalizes: true);
    }

    private static List<(string, string)> ReadMerges(string path)
    {
        try
        {
            return [.. File.ReadAllText(path).Split('\n')
                .Select(line => line.TrimEnd('\r'))
                // Only a first line can be the version: "#" is also an ordinary entry.
                .Where((line, i) => i > 0 || !line.StartsWith("#version", StringComparison.Ordinal))
                .Where(line => line.Length > 0)
                .Select(line => TokenizerText.ReadMerge(path, line))];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw ModelException.Unreadable(path, error);
        }
    }

    private static List<AddedToken> ReadAdded(string folder)
    {
        var tokens = new Dictionary<int, AddedToken>();
        var added = Path.Combine(folder, AddedName);
        if (File.Exists(added))
            foreach (var (text, id) in TokenizerText.Parse(added, root => TokenizerText.ReadVocabulary(added, root)))
                tokens[id] = new AddedToken(id, text);
        // The newer of the two; it also knows which tokens are special.
        var settings = Path.Combine(folder, SettingsName);
        if (File.Exists(settings))
            foreach (var token in ReadSettings(settings))
                tokens[token.Id] = token;
        return [.. tokens.Values];
    }

    private static List<AddedToken> ReadSettings(string path) => TokenizerText.Parse(path, root =>
    {
        if (root.TryGetProperty("add_prefix_space", out var prefix) && prefix.ValueKind == JsonValueKind.True)
            throw ModelException.Unsupported(path, "add_prefix_space", "only false is");
        var tokens = new List<AddedToken>();
        if (root.TryGetProperty("added_tokens_decoder", out var decoder))
            foreach (var entry in decoder.EnumerateObject())
            {
                var id = int.Parse(entry.Name, CultureInfo.InvariantCulture);
                tokens.Add(TokenizerText.ReadAdded(path, id, entry.Value));
            }
        return tokens;
    });
}
