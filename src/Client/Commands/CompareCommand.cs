using System.CommandLine;
using System.Globalization;
using HieraVid.Client.Output;
using HieraVid.Client.Reporting;
using HieraVid.Models;
using HieraVid.Models.Devices;
using HieraVid.Pipeline;
using HieraVid.Pipeline.Jobs;
using HieraVid.Pipeline.Running;
using HieraVid.Pruning;
using HieraVid.Video;

namespace HieraVid.Client.Commands;

/// <summary><c>hieravid compare</c>: several pruning methods on one question, side by side.</summary>
internal static class CompareCommand
{
    private const string All = "all";

    internal static Command Create()
    {
        var video = PathSymbols.Argument("VIDEO", "The video file.");
        var question = new Argument<string>("QUESTION") { Description = "The question, in quotes." };
        var model = new ModelOption();
        var tower = PathSymbols.Option("--vision-tower", "Folder of the original SigLIP; it has the pooling head that fastvid asks for.");
        var pool = new PoolOption();
        var frames = new Option<int?>("--frames") { HelpName = "N", Description = "Evenly spaced frames to look at. Default: as the model's authors do, 32 for LLaVA-OneVision." };
        var methods = new Option<string>("--methods")
        {
            HelpName = "A,B",
            Description = $"{All}, or some of {string.Join(", ", PruningMethods.Names)}.",
            DefaultValueFactory = _ => All,
        };
        var budgets = new Option<string>("--budgets") { HelpName = "X,Y", Description = "Shares of the visual tokens to keep.", DefaultValueFactory = _ => "0.3" };
        var maxTokens = new Option<int>("--max-tokens") { HelpName = "N", Description = "Longest answer.", DefaultValueFactory = _ => 32 };
        var json = new Option<bool>("--json") { Description = "Print one JSON object in place of the table." };
        var report = PathSymbols.Option("--report", "HTML file to write: the kept tokens of each method side by side.");
        report.HelpName = "FILE";
        var assemblies = PruningOptions.AssemblyOption();
        var compute = new ComputeOptions(AutomaticType.Name);
        var command = new Command("compare", """
            Answer one question with several pruning methods, after one decoding and one encoding of the video.

            KL is the Kullback-Leibler divergence of the first token's distribution from the unpruned model's, in nats.

            Examples:
              hieravid compare talk.mp4 "What does the speaker hold?" --model DIR --methods hieravid,fastvid --budgets 0.3,0.1
              hieravid compare talk.mp4 "What does the speaker hold?" --model DIR --methods all --report compared.html
            """) { video, question, tower, frames, methods, budgets, maxTokens, assemblies, json, report };
        model.AddTo(command);
        pool.AddTo(command);
        compute.AddTo(command);
        command.SetAction((parsed, cancellation) =>
        {
            var request = new JobRequest
            {
                VideoPath = parsed.GetRequiredValue(video),
                Question = parsed.GetRequiredValue(question),
                Sampling = new SamplingRequest(parsed.GetValue(frames)),
                Generation = new GenerationRequest(parsed.GetValue(maxTokens)),
                Pruning = new PruningRequest { Method = PruningMethods.None },
            };
            request.Validate();
            PruningOptions.Load(parsed.GetValue(assemblies));
            var asked = Asked(parsed.GetRequiredValue(methods), parsed.GetRequiredValue(budgets));
            var page = parsed.GetValue(report);
            if (page is not null)
                ReportPage.Check(page);
            return RunAsync(request, asked, model.Read(parsed), parsed.GetValue(tower), pool.Read(parsed), compute.Read(parsed),
                parsed.GetValue(json), page, cancellation);
        });
        return command;
    }

    // Every method with every budget, in the order given.
    private static List<PruningRequest> Asked(string methods, string budgets)
    {
        var names = methods == All ? PruningMethods.Names.Where(name => name != PruningMethods.None) : methods.Split(',', StringSplitOptions.TrimEntries);
        var shares = budgets.Split(',', StringSplitOptions.TrimEntries).Select(text =>
            double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var share) && share is > 0 and <= 1
                ? share
                : throw JobException.Bad($"--budgets {text} is no share: take numbers above 0 and at most 1.")).ToList();
        return [.. names.Distinct().Select(name => PruningMethods.Find(name).Name)
            .SelectMany(name => shares.Select(share => new PruningRequest { Method = name, Budget = share }))];
    }

    private static async Task<int> RunAsync(
        JobRequest request, List<PruningRequest> asked, string folder, string? tower, string? pool, Compute compute, bool json, string? page,
        CancellationToken cancellation)
    {
        var display = StageDisplay.Create();
        try
        {
            var probed = await ProbedVideo.OfAsync(request.VideoPath, VideoLimits.Default, cancellation).ConfigureAwait(false);
            using var model = await Task.Run(() => LoadedModel.Load(folder, compute, tower, pool), cancellation).ConfigureAwait(false);
            var report = await new ComparisonRunner(model, VideoLimits.Default)
                .RunAsync(request, asked, display.Show, probed, cancellation).ConfigureAwait(false);
            display.Close();
            if (json)
                StandardOutput.WriteLine(Json.Of(report));
            else
                Print(report);
            foreach (var note in report.Notes)
                await Console.Error.WriteLineAsync(note).ConfigureAwait(false);
            if (page is not null)
            {
                await ComparePage.WriteAsync(page, report, request.Question, probed.Info, VideoLimits.Default, cancellation).ConfigureAwait(false);
                await Console.Error.WriteLineAsync($"Report: {page}").ConfigureAwait(false);
            }
            return CommandLine.Success;
        }
        finally
        {
            display.Close();
        }
    }

    private static void Print(ComparisonReport report)
    {
        var width = Math.Max(6, report.Rows.Max(row => row.Method.Length));
        StandardOutput.WriteLine($"{"method".PadRight(width)}  budget  tokens in  mean share   FLOPs   prune s  prefill s  cache MB      KL  answer");
        foreach (var row in report.Rows)
        {
            var name = FormattableString.Invariant($"{row.Method.PadRight(width)}  {row.Budget,6:0.##}");
            StandardOutput.WriteLine(row.Refusal is { } refusal ? $"{name}  {refusal}" : FormattableString.Invariant(
                $"{name}  {row.Entered,9:N0}  {row.AverageRetention,10:P1}  {row.FlopsRatio,6:P1}  {row.PruneSeconds,8:0.000}  {row.PrefillSeconds,9:0.000}  {row.CacheBytes / 1e6,8:0.0}  {row.Divergence,6:0.0000}  {Answer(row)}"));
        }
    }

    private static string Answer(ComparisonRow row)
    {
        var text = row.Answer.ReplaceLineEndings(" ");
        return (row.SameAnswer ? "= " : row.SameFirstToken ? "~ " : "# ") + (text.Length <= 60 ? text : text[..60] + "…");
    }
}
