using System.Text.Json;

namespace HieraVid.Client.Tests;

public class AskTests : ClientTest
{
    [Fact]
    public async Task Json_is_one_object_with_every_promised_key_and_nothing_else()
    {
        MakeVideo("v.mp4");
        var outcome = (await AskAsync("v.mp4", "--frames", "3", "--seed", "5", "--dtype", "f32", "--json")).Succeeds();
        // Parse refuses anything before or after the one object.
        using var document = JsonDocument.Parse(outcome.Output);
        var root = document.RootElement;
        Assert.Equal(
            [
                "answer", "budget", "chunks", "device", "dtype", "finish", "flops", "keptTokens", "method", "model", "notes", "peakMemoryBytes", "seed",
                "segments", "timing", "tokens", "video",
            ],
            Keys(root));
        Assert.Equal(["durationSeconds", "fps", "height", "sampledFrames", "sampledTimes", "width"], Keys(root.GetProperty("video")));
        Assert.Equal(["afterMerge", "averageRetention", "generated", "perLayer", "text", "visual"], Keys(root.GetProperty("tokens")));
        Assert.Equal(["decode", "encode", "generate", "load", "prefill", "probe", "prune", "timeToFirstToken", "total"],
            Keys(root.GetProperty("timing")));
        Assert.All(root.GetProperty("timing").EnumerateObject(), time => Assert.True(time.Value.GetDouble() >= 0));
        var video = root.GetProperty("video");
        Assert.Equal(3, video.GetProperty("sampledFrames").GetInt32());
        Assert.Equal([0, 0.5, 1.1], video.GetProperty("sampledTimes").EnumerateArray().Select(t => t.GetDouble()));
        Assert.Equal((64, 48), (video.GetProperty("width").GetInt32(), video.GetProperty("height").GetInt32()));
        Assert.Equal((3 * 196) + 1, root.GetProperty("tokens").GetProperty("visual").GetInt32());
        Assert.Equal(("cpu", "f32", Model, "none", 5), (Text("device"), Text("dtype"), Text("model"), Text("method"), root.GetProperty("seed").GetInt32()));
        Assert.Contains(Text("finish"), new[] { "stop", "length" });
        Assert.True(root.GetProperty("peakMemoryBytes").GetInt64() > 1 << 20);
        NothingIsLeftBut("v.mp4");

        string Text(string key) => root.GetProperty(key).GetString()!;
    }

    [Fact]
    public async Task Plain_output_is_the_answer_and_the_rest_goes_to_standard_error()
    {
        MakeVideo("v.mp4");
        var json = (await AskAsync("v.mp4", "--frames", "3", "--json")).Succeeds();
        using var document = JsonDocument.Parse(json.Output);
        var plain = (await AskAsync("v.mp4", "--frames", "3")).Succeeds();
        Assert.Equal(document.RootElement.GetProperty("answer").GetString(), plain.Output.Trim());
        Assert.EndsWith("\n", plain.Output, StringComparison.Ordinal);
        Assert.Matches("(?s)^load: .*\nprobe: .*v.mp4.*\nencode: 3 frames\nprefill: .* tokens, 589 visual ones before pruning, 588 at the end\n.*3 frames of 1.2 s",
            plain.Errors);
        NothingIsLeftBut("v.mp4");
    }

    [Fact]
    public async Task The_same_seed_gives_the_same_answer()
    {
        MakeVideo("v.mp4", 0.3);
        string[] options = ["--temperature", "1", "--seed", "3", "--max-tokens", "12", "--frames", "1"];
        string[] words = ["ask", "v.mp4", "What?", "--model", Model, .. options];
        Assert.Equal((await RunAsync(words)).Succeeds().Output, (await RunAsync(words)).Succeeds().Output);
    }

    [Fact]
    public async Task A_full_disk_under_the_answer_is_named()
    {
        Assert.SkipUnless(File.Exists("/dev/full"), "there is no /dev/full here");
        MakeVideo("v.mp4", 0.3);
        var line = ShellLine("ask", "v.mp4", "What?", "--model", Model, "--max-tokens", "4", "--frames", "1");
        var outcome = await ShellAsync($"{line} --json >/dev/full");
        outcome.RefusesNaming("standard output", "No space left");
        (await ShellAsync($"{line} >/dev/full")).RefusesNaming("standard output", "No space left");
    }

    [Theory]
    [InlineData("car-detection.mp4", 768, 432)]
    [InlineData("bottle-detection.mp4", 640, 360)]
    [InlineData("book.mkv", 640, 480)]
    public async Task A_real_video_is_answered(string name, int width, int height)
    {
        var outcome = (await AskAsync(Repository.RealVideo(name), "--frames", "5", "--json")).Succeeds();
        using var document = JsonDocument.Parse(outcome.Output);
        var video = document.RootElement.GetProperty("video");
        Assert.Equal((width, height), (video.GetProperty("width").GetInt32(), video.GetProperty("height").GetInt32()));
        var times = video.GetProperty("sampledTimes").EnumerateArray().Select(t => t.GetDouble()).ToList();
        Assert.Equal(5, times.Count);
        Assert.Equal(times.Order(), times);
        Assert.InRange(times[^1], video.GetProperty("durationSeconds").GetDouble() - 0.5, video.GetProperty("durationSeconds").GetDouble());
    }

    [Theory]
    [InlineData("llava-video-tiny", "siglip-tiny-384", "none")]
    [InlineData("llava-video-tiny", "siglip-tiny-384", "fastvid")]
    [InlineData("qwen2vl-tiny", null, "none")]
    [InlineData("qwen2vl-tiny", null, "fastvid")]
    public async Task Each_architecture_answers_about_a_real_video_with_and_without_pruning(string model, string? tower, string method)
    {
        string[] towerOption = tower is null ? [] : ["--vision-tower", Repository.Fixture(tower)];
        var outcome = (await RunAsync(["ask", Repository.RealVideo("bottle-detection.mp4"), "What is moving?", "--model", Repository.Fixture(model),
            "--max-tokens", "4", "--threads", "2", "--frames", "4", "--method", method, "--budget", "0.2", "--report", "page.html", "--json", .. towerOption]))
            .Succeeds();
        using var document = JsonDocument.Parse(outcome.Output);
        var tokens = document.RootElement.GetProperty("tokens");
        // Rows of tokens: 13 x 13 and a newline each, or pairs of 640 x 360 as 13 x 23.
        Assert.Equal(tower is null ? 2 * 13 * 23 : 4 * 13 * 14, tokens.GetProperty("visual").GetInt32());
        Assert.InRange(tokens.GetProperty("averageRetention").GetDouble(), method == "none" ? 1 : 0.15, method == "none" ? 1 : 0.25);
        Assert.Matches(tower is null ? "\"columns\":23," : "\"columns\":13,", await File.ReadAllTextAsync(At("page.html"), Cancel));
    }

    private static IEnumerable<string> Keys(JsonElement element) =>
        element.EnumerateObject().Select(property => property.Name).Order(StringComparer.Ordinal);
}
