using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace HieraVid.Deploy.Tests;

/// <summary>The files of deploy/, and the silo's settings as its source has them.</summary>
internal static partial class Deployment
{
    internal static readonly string Folder = Path.Combine(Repository.Root, "deploy");
    internal static readonly string Chart = Path.Combine(Folder, "helm", "hieravid");

    /// <summary>The names of all settings of a silo.</summary>
    internal static IReadOnlySet<string> Settings()
    {
        var source = File.ReadAllText(Path.Combine(Repository.Root, "src", "Silo", "Configuration", "SiloSettings.cs"));
        return Setting().Matches(source).Select(match => match.Groups[1].Value).ToHashSet();
    }

    /// <summary>The documents of a YAML text, as JSON has them.</summary>
    internal static List<JsonNode> Read(string text)
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(text));
        return [.. stream.Documents.Select(document => Convert(document.RootNode)).OfType<JsonNode>()];
    }

    private static JsonNode? Convert(YamlNode node) => node switch
    {
        YamlMappingNode map => Convert(map),
        YamlSequenceNode list => new JsonArray([.. list.Children.Select(Convert)]),
        YamlScalarNode { Style: ScalarStyle.Plain } scalar => Plain(scalar.Value ?? ""),
        YamlScalarNode scalar => JsonValue.Create(scalar.Value),
        _ => null,
    };

    // What is merged in (<<) gives way to what is written out.
    private static JsonObject Convert(YamlMappingNode map)
    {
        var result = new JsonObject();
        foreach (var (key, value) in map.Children.OrderBy(pair => ((YamlScalarNode)pair.Key).Value != "<<"))
        {
            if (((YamlScalarNode)key).Value is not "<<" and { } name)
                result[name] = Convert(value);
            else
                foreach (var (inner, merged) in Convert((YamlMappingNode)value))
                    result[inner] = merged?.DeepClone();
        }
        return result;
    }

    private static JsonValue? Plain(string text) => text switch
    {
        "" or "~" or "null" => null,
        "true" or "false" => JsonValue.Create(text == "true"),
        _ when long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole) => JsonValue.Create(whole),
        _ when double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) => JsonValue.Create(number),
        _ => JsonValue.Create(text),
    };

    [GeneratedRegex(@"public \w+ (\w+) \{ get; set; \}")]
    private static partial Regex Setting();
}
