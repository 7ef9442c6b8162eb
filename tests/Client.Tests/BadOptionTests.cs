using System.Text.RegularExpressions;

namespace HieraVid.Client.Tests;

public partial class BadOptionTests : ClientTest
{
    public static TheoryData<string, string> Bad => new()
    {
        { "--frames 0", "--frames 0" },
        { "--device-map cpu:0,cpu:1", "1 to 64 logical devices" },
        { "--device-map auto", "libtorch sees no CUDA device here" },
        { "--device-map cpu:2 --device cpu", "--device-map cpu:2 names the devices already" },
        { "--frames -3", "--frames -3" },
        { "--frames x", "--frames 'x' is not a whole number" },
        { "--frames 2.5", "--frames '2.5' is not a whole number" },
        { "--frames", "--frames needs a value" },
        { "--frames 1 --frames 2", "--frames is given more than once" },
        { "--frames 2 --fps 1", "--frames and --fps" },
        { "--fps NaN", "--fps NaN" },
        { "--fps -1", "--fps -1" },
        { "--fps 0", "--fps 0" },
        { "--fps 1e300", "--fps 1E+300" },
        { "--fps Infinity", "--fps" },
        { "--max-tokens 0", "--max-tokens 0" },
        { "--max-tokens -1", "--max-tokens -1" },
        { "--max-tokens 99999999999", "--max-tokens '99999999999' is not a whole number" },
        { "--temperature NaN", "--temperature NaN" },
        { "--temperature -0.5", "--temperature -0.5" },
        { "--temperature 0,5", "--temperature '0,5' is not a number" },
        { "--top-p 0", "--top-p 0" },
        { "--top-p 1.5", "--top-p 1.5" },
        { "--repetition-penalty NaN", "--repetition-penalty NaN" },
        { "--repetition-penalty -1", "--repetition-penalty -1" },
        { "--seed abc", "--seed 'abc' is not a whole number" },
        { "--chunk-frames 0", "--chunk-frames 0" },
        { "--chunk-frames 65", "--chunk-frames 65" },
        { "--threads 0", "--threads 0" },
        { "--budget 0", "The budget must be above 0 and at most 1" },
        { "--budget 1.5", "The budget must be above 0 and at most 1" },
        { "--budget NaN", "budget" },
        { "--method fastest", "The pruning method \"fastest\" is not known: take one of hieravid, fastvid," },
        { "--set gamma=1", "Method hieravid has no option gamma" },
        { "--set alpha=much", "The option alpha of method hieravid must be a number" },
        { "--set alpha=2", "alpha" },
        { "--set layer7=3", "The option layer7 of method hieravid must be spread or dpp or topk" },
        { "--dtype f64", "--dtype f64" },
        { "--weights int3", "--weights int3" },
        { "--pool mean", "--pool mean" },
        { "--dtype f16", "--dtype f16" },
        { "--device tpu", "--device tpu" },
        { "--device cuda:x", "--device cuda:x" },
        { "--device cuda:-1", "--device cuda:-1" },
        { "--bogus", "--bogus is not an option of hieravid ask" },
        { "extra", "'extra' is one word too many" },
    };

    [Theory]
    [MemberData(nameof(Bad))]
    public async Task A_bad_value_is_named(string options, string named) =>
        (await RunAsync(["ask", "v.mp4", "What?", "--model", Model, .. options.Split(' ')])).RefusesNaming(named);

    [Theory]
    [InlineData("ask", "VIDEO is missing", "hieravid ask --help")]
    [InlineData("ask v.mp4", "QUESTION is missing", "hieravid ask --help")]
    [InlineData("ask v.mp4 What?", "--model is missing", "hieravid ask --help")]
    [InlineData("", "command is missing", "hieravid --help")]
    [InlineData("fly", "'fly' is not a command", "hieravid --help")]
    [InlineData("model", "command is missing", "hieravid model --help")]
    [InlineData("model fly", "'fly' is not a command", "hieravid model --help")]
    [InlineData("model new", "DIR is missing", "hieravid model new --help")]
    [InlineData("model info", "DIR is missing", "hieravid model info --help")]
    [InlineData("verify", "DIR is missing", "hieravid verify --help")]
    [InlineData("doctor", "VIDEO is missing", "hieravid doctor --help")]
    public async Task What_is_missing_is_named_with_where_to_read(string line, string named, string help) =>
        (await RunAsync(line.Split(' ', StringSplitOptions.RemoveEmptyEntries))).RefusesNaming(named, help);

    [Theory]
    [InlineData("ask", "", "What?", "--model", "m")]
    [InlineData("ask", "v.mp4", "What?", "--model", "")]
    [InlineData("doctor", "")]
    [InlineData("verify", "")]
    [InlineData("model", "new", "")]
    [InlineData("model", "info", "")]
    public async Task An_empty_path_is_named(params string[] arguments) =>
        (await RunAsync(arguments)).RefusesNaming("is empty");

    [Fact]
    public async Task A_device_that_is_not_there()
    {
        var outcome = await RunAsync("ask", "v.mp4", "What?", "--model", Model, "--device", "cuda:99");
        outcome.RefusesNaming("--device cuda:99");
        var seen = DeviceCount().Match(outcome.Sentence);
        Assert.SkipWhen(seen.Success, $"cuda:0 is there: libtorch sees {seen.Value}");
        (await RunAsync("ask", "v.mp4", "What?", "--model", Model, "--device", "cuda:0")).RefusesNaming("--device cuda:0");
        (await RunAsync("ask", "v.mp4", "What?", "--model", Model, "--device", "cuda")).RefusesNaming("--device cuda");
    }

    [Fact]
    public async Task Numbers_are_read_and_written_alike_in_every_locale()
    {
        (string, string)[] german = [("LANG", "de_DE.UTF-8"), ("LC_ALL", "de_DE.UTF-8")];
        var outcome = await RunInAsync(Folder, german, "ask", "v.mp4", "What?", "--model", Model, "--temperature", "-0.5");
        outcome.RefusesNaming("--temperature -0.5 ");
    }

    [GeneratedRegex("[1-9][0-9]* CUDA device")]
    private static partial Regex DeviceCount();
}
