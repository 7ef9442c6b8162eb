using System.Globalization;
using System.Text.Json;

namespace HieraVid.Models.Configuration;

/// <summary>
/// One object of a configuration file, read key by key. Absent and null values take the default; a value of the wrong
/// kind or out of range is reported with its file, its full key and what was found.
/// </summary>
internal sealed class ConfigSection
{
    private readonly string prefix;
    private readonly JsonElement? values;

    private ConfigSection(string file, string prefix, JsonElement? values)
    {
        File = file;
        this.prefix = prefix;
        this.values = values;
    }

    /// <summary>The file, for messages.</summary>
    public string File { get; }

    /// <summary>Reads a file whose root is an object.</summary>
    /// <exception cref="ModelException">The file is absent, unreadable, or not a JSON object.</exception>
    public static ConfigSection Read(string path)
    {
        if (!System.IO.File.Exists(path))
            throw ModelException.NotFound(path, "give the folder of a downloaded checkpoint");
        try
        {
            using var document = JsonDocument.Parse(System.IO.File.ReadAllBytes(path));
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? new ConfigSection(path, "", document.RootElement.Clone())
                : throw ModelException.Damaged(path, "it is not a JSON object");
        }
        catch (JsonException error)
        {
            throw ModelException.Damaged(path, $"it is not valid JSON ({error.Message.TrimEnd('.')})", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw ModelException.Unreadable(path, error);
        }
    }

    /// <summary>A nested object; one that is absent or null has all defaults.</summary>
    public ConfigSection Section(string key)
    {
        if (Find(key) is not { } value)
            return new ConfigSection(File, $"{prefix}{key}.", null);
        return value.ValueKind == JsonValueKind.Object
            ? new ConfigSection(File, $"{prefix}{key}.", value)
            : throw Bad(key, "an object");
    }

    /// <summary>Whether the key is there with a value other than null.</summary>
    public bool Has(string key) => Find(key) is not null;

    /// <summary>Whether the key's value is an object.</summary>
    public bool HasObject(string key) => Find(key)?.ValueKind == JsonValueKind.Object;

    /// <summary>An integer in a range; without a default the key is required.</summary>
    public int Int(string key, int? absent, int min = 1, int max = int.MaxValue)
    {
        var expected = $"an integer from {min} to {max}";
        if (Find(key) is not { } value)
            return absent ?? throw Bad(key, expected);
        return value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number)
            && number >= min && number <= max
            ? number
            : throw Bad(key, expected);
    }

    /// <summary>A finite number in a range, both ends included.</summary>
    public double Number(string key, double absent, double min, double max)
    {
        if (Find(key) is not { } value)
            return absent;
        return value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number)
            && number >= min && number <= max
            ? number
            : throw Bad(key, string.Create(CultureInfo.InvariantCulture, $"a number from {min} to {max}"));
    }

    /// <summary>True or false.</summary>
    public bool Flag(string key, bool absent) => Find(key)?.ValueKind switch
    {
        null => absent,
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw Bad(key, "true or false"),
    };

    /// <summary>A string; without a default the key is required.</summary>
    public string Text(string key, string? absent)
    {
        if (Find(key) is not { } value)
            return absent ?? throw Bad(key, "a string");
        return value.ValueKind == JsonValueKind.String ? value.GetString()! : throw Bad(key, "a string");
    }

    /// <summary>One of several strings, each with its meaning.</summary>
    public T Choice<T>(string key, T absent, params (string Text, T Meaning)[] choices)
    {
        if (Find(key) is not { } value)
            return absent;
        foreach (var (text, meaning) in choices)
            if (value.ValueKind == JsonValueKind.String && value.ValueEquals(text))
                return meaning;
        throw Bad(key, $"one of {string.Join(", ", choices.Select(choice => choice.Text))}");
    }

    /// <summary>A list of non-negative integers, or a single one; empty if absent.</summary>
    public int[] Ints(string key)
    {
        if (Find(key) is not { } value)
            return [];
        if (value.ValueKind != JsonValueKind.Array)
            return [Int(key, null, 0)];
        return [.. value.EnumerateArray().Select(item =>
            item.ValueKind == JsonValueKind.Number && item.TryGetInt32(out var number) && number >= 0
                ? number
                : throw Bad(key, "an integer or a list of integers from 0"))];
    }

    /// <summary>A list of exactly <paramref name="absent"/>'s length of finite numbers.</summary>
    public float[] Floats(string key, float[] absent)
    {
        if (Find(key) is not { } value)
            return absent;
        var expected = $"a list of {absent.Length} numbers";
        if (value.ValueKind != JsonValueKind.Array || value.GetArrayLength() != absent.Length)
            throw Bad(key, expected);
        return [.. value.EnumerateArray().Select(item =>
            item.ValueKind == JsonValueKind.Number && item.TryGetSingle(out var number) && float.IsFinite(number)
                ? number
                : throw Bad(key, expected))];
    }

    /// <summary>A list of strings; empty if absent.</summary>
    public string[] Texts(string key)
    {
        if (Find(key) is not { } value)
            return [];
        if (value.ValueKind != JsonValueKind.Array)
            throw Bad(key, "a list of strings");
        return [.. value.EnumerateArray().Select(item =>
            item.ValueKind == JsonValueKind.String ? item.GetString()! : throw Bad(key, "a list of strings"))];
    }

    /// <summary>The error for a value that this section's rules allow but the caller's do not.</summary>
    public ModelException Bad(string key, string expected)
    {
        var found = Find(key) is { } value ? value.GetRawText() : "missing";
        return ModelException.BadValue(File, prefix + key, expected, found.Length > 80 ? found[..80] + "..." : found);
    }

    /// <summary>The error for a value whose meaning is not implemented.</summary>
    public ModelException Unsupported(string key, string remedy) =>
        ModelException.Unsupported(File, $"{prefix}{key} = {Find(key)?.GetRawText() ?? "missing"}", remedy);

    private JsonElement? Find(string key) =>
        values is { } all && all.TryGetProperty(key, out var value) && value.ValueKind != JsonValueKind.Null
            ? value
            : null;
}
