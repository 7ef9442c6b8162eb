using System.Text.Json;

namespace HieraVid.Models.Tokenization;

/// <summary>The pieces of syntax that tokenizer.json and the older set of files share.</summary>
internal static class TokenizerText
{
    /// <summary>Reads a JSON object; whatever is wrong with its shape is an error that names the file.</summary>
    public static T Parse<T>(string path, Func<JsonElement, T> read)
    {
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(path));
            return read(document.RootElement);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or KeyNotFoundException
            or FormatException or OverflowException)
        {
            throw ModelException.Damaged(path,
                $"it does not have the form of a tokenizer's file ({error.Message.TrimEnd('.')})", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw ModelException.Unreadable(path, error);
        }
    }

    public static Dictionary<string, int> ReadVocabulary(string path, JsonElement vocabulary)
    {
        var ids = new Dictionary<string, int>(vocabulary.GetPropertyCount());
        foreach (var entry in vocabulary.EnumerateObject())
            if (!ids.TryAdd(entry.Name, entry.Value.GetInt32()))
                throw ModelException.Damaged(path, $"its vocabulary has {entry.Name} twice");
        return ids;
    }

    public static (string, string) ReadMerge(string path, string line)
    {
        var space = line.IndexOf(' ', StringComparison.Ordinal);
        return space > 0 && space < line.Length - 1 && line.LastIndexOf(' ') == space
            ? (line[..space], line[(space + 1)..])
            : throw ModelException.Damaged(path, $"merge \"{line}\" is no pair");
    }

    public static AddedToken ReadAdded(string path, int id, JsonElement token)
    {
        var text = token.GetProperty("content").GetString() ?? "";
        // These make a token swallow the space around it, or match whole words only; no model of ours uses them.
        foreach (var flag in new[] { "lstrip", "rstrip", "single_word" })
            if (Flag(token, flag))
                throw ModelException.Unsupported(path, $"{flag} of the added token {text}", "only false is");
        return new AddedToken(id, text, Flag(token, "special"));
    }

    private static bool Flag(JsonElement element, string key) =>
        element.TryGetProperty(key, out var value) && value.ValueKind == JsonValueKind.True;
}
