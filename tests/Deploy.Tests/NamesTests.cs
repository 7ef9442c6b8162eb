using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace HieraVid.Deploy.Tests;

/// <summary>Chart, schema, compose file and images say what the silo understands.</summary>
public sealed partial class NamesTests
{
    private static JsonNode Values => Assert.Single(Deployment.Read(File.ReadAllText(Path.Combine(Deployment.Chart, "values.yaml"))));

    private static JsonNode Rules => JsonNode.Parse(File.ReadAllText(Path.Combine(Deployment.Chart, "values.schema.json")))!;

    [Fact]
    public void Every_variable_that_is_set_is_a_setting_of_the_silo()
    {
        var settings = Deployment.Settings();
        var set = Directory.EnumerateFiles(Deployment.Folder, "*", SearchOption.AllDirectories)
            .SelectMany(file => Variable().Matches(File.ReadAllText(file)).Select(match => match.Groups[1].Value)).ToHashSet();
        Assert.Superset(new HashSet<string> { "Role", "Model", "Database", "Broker", "BrokerPassword", "Blobs" }, set);
        Assert.Subset((HashSet<string>)settings, set);
    }

    [Fact]
    public void The_settings_of_the_chart_are_settings_of_the_silo()
    {
        var settings = (HashSet<string>)Deployment.Settings();
        Assert.Subset(settings, Rules["properties"]!["settings"]!["properties"]!.AsObject().Select(setting => setting.Key).ToHashSet());
        Assert.Subset(settings, Values["settings"]!.AsObject().Select(setting => setting.Key).ToHashSet());
    }

    [Fact]
    public void Every_value_has_a_place_in_the_schema_and_every_place_a_value()
    {
        var schema = Rules["properties"]!.AsObject();
        Assert.Equal(Values.AsObject().Select(value => value.Key).Order(), schema.Select(place => place.Key).Where(name => name != "global").Order());
        foreach (var template in Directory.EnumerateFiles(Path.Combine(Deployment.Chart, "templates")))
        {
            foreach (Match use in Use().Matches(File.ReadAllText(template)))
            {
                var place = Values;
                foreach (var name in use.Groups[1].Value.Split('.'))
                    place = place![name] ?? throw new KeyNotFoundException($"{Path.GetFileName(template)} uses {use.Value}, which values.yaml lacks.");
            }
        }
    }

    [Fact]
    public void The_chart_s_own_values_keep_its_schema() => Assert.Empty(Schema.Faults(Values, Rules));

    [Theory]
    [InlineData("settings", "Borker", "\"amqp://host\"")]
    [InlineData("settings", "Broker", "\"amqp://user:password@host\"")]
    [InlineData("settings", "DType", "\"int8\"")]
    [InlineData("identity", "blobs", "\"https://films.blob.core.windows.net?sig=secret\"")]
    [InlineData("identity", "clientId", "\"films\"")]
    [InlineData("settings", "LeaseSeconds", "0")]
    [InlineData("model", "folder", "\"../other\"")]
    [InlineData("silos", "Bad_name", """{"role":"cpu","replicas":1,"cuda":false,"resources":{"requests":{},"limits":{}},"maxUnavailable":1}""")]
    [InlineData("silos", "new", """{"role":"tpu","replicas":1,"cuda":false,"resources":{"requests":{},"limits":{}},"maxUnavailable":1}""")]
    [InlineData("silos", "new", """{"role":"gpu","replicas":1,"cuda":true,"resources":{"requests":{},"limits":{}},"maxUnavailable":1}""")]
    [InlineData("secret", "password", "\"x\"")]
    public void Mistakes_break_the_schema(string part, string name, string json)
    {
        var values = Values;
        values[part]![name] = JsonNode.Parse(json);
        Assert.NotEmpty(Schema.Faults(values, Rules));
    }

    [Fact]
    public void The_compose_file_is_sound_and_opens_nothing_to_other_machines()
    {
        var services = Assert.Single(Deployment.Read(File.ReadAllText(Path.Combine(Deployment.Folder, "compose.yaml"))))["services"]!.AsObject();
        foreach (var (name, service) in services)
        {
            foreach (var port in service!["ports"]?.AsArray() ?? [])
                Assert.StartsWith("127.0.0.1:", port!.GetValue<string>(), StringComparison.Ordinal);
            foreach (var needed in service["depends_on"]?.AsObject() ?? [])
                Assert.True(services.ContainsKey(needed.Key), $"{name} needs {needed.Key}, which is not there.");
        }
        string[] roles = [.. services.Select(service => service.Value!["environment"]?["HieraVid__Role"]?.GetValue<string>()).OfType<string>().Order()];
        Assert.Equal(["cpu", "gpu", "ingress", "prefill"], roles);
    }

    [GeneratedRegex(@"HieraVid__([A-Za-z]+)")]
    private static partial Regex Variable();

    [GeneratedRegex(@"\.Values\.([A-Za-z]+(?:\.[A-Za-z]+)*)")]
    private static partial Regex Use();
}
