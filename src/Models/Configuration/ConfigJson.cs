using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace HieraVid.Models.Configuration;

/// <summary>Writes JSON the way checkpoints carry it: indented, with non-ASCII text as it is.</summary>
internal static class ConfigJson
{
    private static readonly JsonSerializerOptions Options = new()
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>The text of a file, with a final line feed.</summary>
    public static string Format(JsonNode node) => node.ToJsonString(Options) + "\n";
}
