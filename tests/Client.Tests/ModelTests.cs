using System.Text.Json;

namespace HieraVid.Client.Tests;

public class ModelTests : ClientTest
{
    [Fact]
    public async Task A_made_up_checkpoint_can_be_described_and_asked()
    {
        MakeVideo("v.mp4", 0.3);
        var made = (await RunAsync("model", "new", "tiny", "--seed", "7")).Succeeds();
        Assert.Matches(@"^tiny: [0-9.]+ M random parameters, [0-9.]+ MB\n$", made.Output);

        var info = (await RunAsync("model", "info", "tiny")).Succeeds();
        Assert.Matches(@"tokens per frame\s+196", info.Output);
        Assert.Matches(@"window\s+32,768 tokens", info.Output);
        using var document = JsonDocument.Parse((await RunAsync("model", "info", "tiny", "--json")).Succeeds().Output);
        Assert.Equal(196, document.RootElement.GetProperty("tokensPerFrame").GetInt32());

        (await RunAsync("ask", "v.mp4", "What?", "--model", "tiny", "--max-tokens", "3", "--frames", "1")).Succeeds();
        NothingIsLeftBut("tiny", "v.mp4");
    }

    [Fact]
    public async Task The_memory_of_each_device_under_a_map_adds_up_to_that_of_one()
    {
        async Task<JsonElement> Info(params string[] more) =>
            JsonDocument.Parse((await RunAsync(["model", "info", Model, "--json", .. more])).Succeeds().Output).RootElement;
        static long Sum(JsonElement info) =>
            info.GetProperty("devices").EnumerateArray().Sum(need => need.GetProperty("weightBytes").GetInt64() + need.GetProperty("cacheBytes").GetInt64());
        var (one, two) = (await Info("--device-map", "cpu:1"), await Info("--device-map", "vision=cpu:0,0-1=cpu:0,2=cpu:1"));
        Assert.Equal("vision=cpu:0,0-1=cpu:0,2=cpu:1", two.GetProperty("placement").GetString());
        Assert.Equal(2, two.GetProperty("devices").GetArrayLength());
        Assert.Equal(Sum(one), Sum(two));
        Assert.True(Sum(await Info("--device-map", "cpu:1", "--weights", "int8")) < Sum(one));
        (await RunAsync("model", "info", Model, "--device-map", "0-1=cpu")).RefusesNaming("--device-map 0-1=cpu", "layer 2 is on no device");
    }

    [Fact]
    public async Task A_checkpoint_that_was_pulled_goes_by_its_name_wherever_a_model_is_asked_for()
    {
        MakeVideo("v.mp4", 0.3);
        // As pull leaves it; HubDownloadTests pull one.
        var repository = Path.Combine(Cache, "huggingface", "hub", "models--org--tiny");
        CopyFolder(Model, Path.Combine(repository, "snapshots", "c0ffee"));
        Directory.CreateDirectory(Path.Combine(repository, "refs"));
        await File.WriteAllTextAsync(Path.Combine(repository, "refs", "main"), "c0ffee", Cancel);
        (await RunAsync("model", "info", "org/tiny")).Succeeds();
        var answer = (await RunAsync("ask", "v.mp4", "What?", "--model", "org/tiny", "--max-tokens", "1", "--frames", "1", "--json")).Succeeds();
        Assert.Contains("c0ffee", answer.Output, StringComparison.Ordinal);
        (await RunAsync("compare", "v.mp4", "What?", "--model", "org/tiny", "--max-tokens", "1", "--frames", "1", "--methods", "hieravid")).Succeeds();
        (await RunAsync("model", "info", "org/other")).RefusesNaming("org/other", "hieravid model pull org/other");
        NothingIsLeftBut("v.mp4");
    }

    [Fact]
    public async Task A_pull_says_what_is_wrong_with_the_name_or_the_network()
    {
        (await RunAsync("model", "pull", "just-a-name")).RefusesNaming("just-a-name", "repository of the hub");
        var outcome = await RunInAsync(Folder, [("HF_ENDPOINT", "http://localhost:1"), ("HF_HOME", Cache)], "model", "pull", "org/name");
        Assert.Equal(1, outcome.ExitCode);
        Assert.Contains("org/name could not be downloaded: localhost cannot be reached", outcome.Errors, StringComparison.Ordinal);
        NothingIsLeftBut();
    }

    [Fact]
    public async Task Rounded_weights_answer_and_say_so()
    {
        MakeVideo("v.mp4", 0.3);
        foreach (var bits in new[] { "int8", "int4" })
        {
            var outcome = (await AskAsync("v.mp4", "--frames", "1", "--weights", bits, "--json")).Succeeds();
            using var document = JsonDocument.Parse(outcome.Output);
            Assert.Equal($"bf16, {bits} weights", document.RootElement.GetProperty("dtype").GetString());
        }
    }

    [Fact]
    public async Task The_seed_decides_the_bytes()
    {
        foreach (var (name, seed) in new[] { ("a", "1"), ("b", "1"), ("c", "2") })
            (await RunAsync("model", "new", name, "--seed", seed)).Succeeds();
        byte[] Weights(string name) => File.ReadAllBytes(Path.Combine(At(name), "model.safetensors"));
        Assert.Equal(Weights("a"), Weights("b"));
        Assert.NotEqual(Weights("a"), Weights("c"));
    }

    [Fact]
    public async Task A_folder_with_something_in_it_is_left_alone()
    {
        Directory.CreateDirectory(At("full"));
        await File.WriteAllTextAsync(At("full/precious.txt"), "mine", Cancel);
        (await RunAsync("model", "new", "full")).RefusesNaming("full", "empty folder");
        Assert.Equal("mine", await File.ReadAllTextAsync(At("full/precious.txt"), Cancel));
        NothingIsLeftBut("full");

        await File.WriteAllTextAsync(At("file"), "mine", Cancel);
        (await RunAsync("model", "new", "file")).RefusesNaming("file", "empty folder");
        (await RunAsync("model", "new", "file/below")).RefusesNaming("file/below");
        Assert.Equal("mine", await File.ReadAllTextAsync(At("file"), Cancel));
        NothingIsLeftBut("file", "full");
    }

    [Fact]
    public async Task An_empty_folder_is_filled()
    {
        Directory.CreateDirectory(At("empty"));
        (await RunAsync("model", "new", "empty")).Succeeds();
        Assert.True(File.Exists(At("empty/model.safetensors")));
    }

    [Theory]
    [InlineData("--preset huge", "--preset huge")]
    [InlineData("--seed 1.5", "--seed '1.5'")]
    public async Task A_bad_option_makes_nothing(string options, string named)
    {
        (await RunAsync(["model", "new", "m", .. options.Split(' ')])).RefusesNaming(named);
        NothingIsLeftBut();
    }

    [Fact]
    public async Task A_full_disk_is_named_and_nothing_stays_half_written()
    {
        Directory.CreateDirectory(At("disk"));
        var unshare = Environment.IsPrivilegedProcess ? "unshare -m" : "unshare -rm";
        // 77: no such mount here; 99: something was left on it.
        var script = $"mount -t tmpfs -o size=1m none disk 2>/dev/null || exit 77; {ShellLine("model", "new", "disk/m")}; "
            + "code=$?; [ -z \"$(ls -A disk)\" ] || exit 99; exit $code";
        var outcome = await ShellAsync($"{unshare} sh -c '{script.Replace("'", "'\\''", StringComparison.Ordinal)}'");
        Assert.SkipWhen(outcome.ExitCode == 77 || outcome.Errors.StartsWith("unshare:", StringComparison.Ordinal)
            || outcome.Errors.Contains("not found", StringComparison.Ordinal), "a small disk cannot be mounted here");
        outcome.RefusesNaming("disk/m", "free space");
        Assert.Matches("the disk is full", outcome.Sentence);
        NothingIsLeftBut("disk");
    }
}
