using System.Text.Encodings.Web;
using System.Text.Json;

namespace HieraVid.Client.Output;

/// <summary>How objects are printed for <c>--json</c>.</summary>
internal static class Json
{
    private static readonly JsonSerializerOptions s_options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        WriteIndented = true,
        // Answers in any language stay readable; the output is no part of an HTML page.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    internal static string Of<T>(T value) => JsonSerializer.Serialize(value, s_options);
}
