using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using HieraVid.Bench.Cluster;
using HieraVid.Bench.Driver;

CultureInfo.DefaultThreadCurrentCulture = CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
switch (args)
{
    case ["overhead", .. var devices]:
        await MeasureAsync("cluster-overhead", devices.Length == 0 ? ["1", "4", "16", "64"] : devices, count => Overhead.RunAsync(int.Parse(count, null)));
        return 0;
    case ["jobs", .. var rounds]:
        await MeasureAsync("cluster-jobs", rounds.Length == 0 ? ["1000"] : rounds, count => ManyJobs.RunAsync(int.Parse(count, null)));
        return 0;
    case ["submit", .. var minutes]:
        await MeasureAsync("cluster-submit", minutes.Length == 0 ? ["10"] : minutes, count => SubmitOrAsk.RunAsync(int.Parse(count, null)));
        return 0;
    default:
        Console.Error.WriteLine("""
            bench/cluster/run overhead [DEVICES...]    an hour-long job of simulated stages on 1, 4, 16 and 64 devices
            bench/cluster/run jobs [COUNT...]          1,000 small jobs at once
            bench/cluster/run submit [MINUTES...]      submit and ask on the same video
            Prints each case and writes bench/results/cluster-NAME.json.
            """);
        return 2;
}

// Each case is kept with the machine as it was; those that are not measured now stay as they are in the file.
static async Task MeasureAsync(string name, string[] cases, Func<string, Task<Dictionary<string, double>>> run)
{
    var options = new JsonSerializerOptions { WriteIndented = true, NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals };
    var path = Path.Combine("bench", "results", $"{name}.json");
    var kept = File.Exists(path) ? JsonNode.Parse(File.ReadAllText(path))!["cases"]!.AsObject() : [];
    foreach (var one in cases)
    {
        var machine = Machine.Describe();
        var measured = await run(one);
        Console.WriteLine(string.Join(", ", measured.Select(pair => string.Create(CultureInfo.InvariantCulture, $"{pair.Key} {pair.Value:0.###}"))));
        kept[one] = JsonSerializer.SerializeToNode(new
        {
            Time = DateTimeOffset.UtcNow.ToString("yyyy-MM-dd'T'HH:mm'Z'", CultureInfo.InvariantCulture),
            Machine = machine,
            Measured = measured,
        }, options);
        File.WriteAllText(path, new JsonObject { ["name"] = name, ["cases"] = kept.DeepClone() }.ToJsonString(options) + "\n");
    }
}
