using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace HieraVid.Deploy.Tests;

/// <summary>The part of JSON Schema that the chart's schema uses; a word that it does not know is an error.</summary>
internal static class Schema
{
    /// <summary>The places of a value that break a schema.</summary>
    internal static IEnumerable<string> Faults(JsonNode? value, JsonNode schema, string place = "")
    {
        var kind = Kind(value);
        foreach (var (word, rule) in schema.AsObject())
        {
            var isKept = word switch
            {
                "$schema" or "title" or "properties" or "items" or "additionalProperties" or "then" => true,
                "type" => Texts(rule!).Any(type => type == kind || (type == "number" && kind == "integer")),
                "enum" => rule!.AsArray().Any(one => JsonNode.DeepEquals(one, value)),
                "const" => JsonNode.DeepEquals(rule, value),
                "pattern" => kind != "string" || Regex.IsMatch(value!.GetValue<string>(), rule!.GetValue<string>()),
                "minLength" => kind != "string" || value!.GetValue<string>().Length >= rule!.GetValue<int>(),
                "minimum" => Number(value) is not { } number || number >= Number(rule),
                "maximum" => Number(value) is not { } number || number <= Number(rule),
                "minProperties" => value is not JsonObject part || part.Count >= rule!.GetValue<int>(),
                "required" => value is not JsonObject part || Texts(rule!).All(part.ContainsKey),
                "propertyNames" => value is not JsonObject part || !part.Any(inner => Faults(JsonValue.Create(inner.Key), rule!).Any()),
                "if" => Faults(value, rule!).Any() || !Faults(value, schema["then"]!).Any(),
                _ => throw new NotSupportedException($"The schema says '{word}', which this test does not know."),
            };
            if (!isKept)
                yield return $"{place}: {word}";
        }
        foreach (var fault in value switch
        {
            JsonObject part => part.SelectMany(inner => Inner(inner.Value, inner.Key, schema, $"{place}.{inner.Key}")),
            JsonArray list when schema["items"] is { } items => list.SelectMany((inner, i) => Faults(inner, items, $"{place}[{i}]")),
            _ => [],
        })
            yield return fault;
    }

    private static IEnumerable<string> Inner(JsonNode? value, string name, JsonNode schema, string place) =>
        schema["properties"]?[name] is { } known ? Faults(value, known, place)
        : schema["additionalProperties"] switch
        {
            JsonObject others => Faults(value, others, place),
            JsonValue allowed when !allowed.GetValue<bool>() => [$"{place}: additionalProperties"],
            _ => [],
        };

    private static IEnumerable<string> Texts(JsonNode node) =>
        node is JsonArray list ? list.Select(one => one!.GetValue<string>()) : [node.GetValue<string>()];

    private static string Kind(JsonNode? value) => value?.GetValueKind() switch
    {
        null or JsonValueKind.Null => "null",
        JsonValueKind.Object => "object",
        JsonValueKind.Array => "array",
        JsonValueKind.String => "string",
        JsonValueKind.Number => Number(value) % 1 == 0 ? "integer" : "number",
        _ => "boolean",
    };

    private static double? Number(JsonNode? value) => value?.GetValueKind() == JsonValueKind.Number ? JsonSerializer.Deserialize<double>(value) : null;
}
