using System.Text.Json;
using HieraVid.Pipeline.Jobs;

namespace HieraVid.Evaluation.Questions;

/// <summary>Reads a file of JSON objects: an array of them, or one per line.</summary>
internal static class Rows
{
    /// <summary>One value per object.</summary>
    /// <param name="path">The file.</param>
    /// <param name="read">Reads an object; its number counts from 0.</param>
    /// <exception cref="JobException">The file is no JSON, or an object lacks something.</exception>
    internal static IReadOnlyList<T> Read<T>(string path, Func<JsonElement, int, T> read)
    {
        var text = File.ReadAllText(path);
        if (text.TrimStart().StartsWith('['))
        {
            using var document = Parse(path, text, 1);
            return [.. document.RootElement.EnumerateArray().Select((row, i) => Guarded(path, $"entry {i + 1}", () => read(row, i)))];
        }
        var rows = new List<T>();
        foreach (var (line, number) in text.Split('\n').Select((line, i) => (line, i + 1)))
        {
            if (string.IsNullOrWhiteSpace(line))
                continue;
            using var document = Parse(path, line, number);
            rows.Add(Guarded(path, $"line {number}", () => read(document.RootElement, rows.Count)));
        }
        return rows;
    }

    /// <summary>A text or number of an object, as text.</summary>
    internal static string Text(this JsonElement row, string name)
    {
        var value = row.GetProperty(name);
        return value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText();
    }

    /// <summary>The same, or null where there is none.</summary>
    internal static string? OptionalText(this JsonElement row, string name) =>
        row.TryGetProperty(name, out var value) && value.ValueKind is not JsonValueKind.Null ? row.Text(name) : null;

    /// <summary>A list of texts.</summary>
    internal static IReadOnlyList<string> Texts(this JsonElement row, string name) =>
        [.. row.GetProperty(name).EnumerateArray().Select(item => item.GetString() ?? "")];

    private static JsonDocument Parse(string path, string text, int line)
    {
        try
        {
            return JsonDocument.Parse(text);
        }
        catch (JsonException e)
        {
            throw JobException.Bad($"{path} is no JSON at line {line + (e.LineNumber ?? 0)}: {e.Message.TrimEnd('.')}.");
        }
    }

    private static T Guarded<T>(string path, string place, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is KeyNotFoundException or InvalidOperationException or FormatException or ArgumentOutOfRangeException)
        {
            throw JobException.Bad($"{path}, {place}, has not the form of a question in this format ({e.Message.TrimEnd('.')}).");
        }
    }
}
