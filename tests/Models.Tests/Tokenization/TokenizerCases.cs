using System.Text.Json;
using HieraVid.Models.Tokenization;

namespace HieraVid.Models.Tests.Tokenization;

/// <summary>The tokenizer fixture: what the reference implementation made of its strings.</summary>
internal static class TokenizerCases
{
    public static readonly string Folder = Fixtures.Find("tokenizer");

    public static readonly ByteLevelTokenizer Tokenizer = ByteLevelTokenizer.Load(Folder);

    private static readonly JsonElement Root = Read();

    public static IReadOnlyList<JsonElement> Texts => [.. Root.GetProperty("cases").EnumerateArray()];

    public static IReadOnlyList<JsonElement> Decodings => [.. Root.GetProperty("decode_cases").EnumerateArray()];

    public static IReadOnlyList<JsonElement> Conversations => [.. Root.GetProperty("conversations").EnumerateArray()];

    public static JsonElement Text(string name) =>
        Texts.First(item => item.GetProperty("name").GetString() == name);

    public static int[] Ids(this JsonElement item, string key = "ids") =>
        [.. item.GetProperty(key).EnumerateArray().Select(id => id.GetInt32())];

    public static string String(this JsonElement item, string key) => item.GetProperty(key).GetString()!;

    private static JsonElement Read()
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(System.IO.Path.Combine(Folder, "cases.json")));
        return document.RootElement.Clone();
    }
}
