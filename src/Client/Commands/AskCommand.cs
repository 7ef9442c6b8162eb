using System.CommandLine;
using System.Diagnostics;
using HieraVid.Client.Output;
using HieraVid.Client.Reporting;
using HieraVid.Models;
using HieraVid.Models.Devices;
using HieraVid.Pipeline;
using HieraVid.Pipeline.Jobs;
using HieraVid.Pipeline.Running;
using HieraVid.Video;

namespace HieraVid.Client.Commands;

/// <summary><c>hieravid ask</c>: one question about one video, answered in this process.</summary>
internal static class AskCommand
{
    internal static Command Create()
    {
        var video = PathSymbols.Argument("VIDEO", "The video file.");
        var question = new Argument<string>("QUESTION") { Description = "The question, in quotes." };
        var model = new ModelOption();
        var tower = PathSymbols.Option("--vision-tower", "Folder of the original SigLIP, where config.json names another than so400m.");
        var pool = new PoolOption();
        var frames = new Option<int?>("--frames") { HelpName = "N", Description = "Evenly spaced frames to look at. Default: as the model's authors do, 32 for LLaVA-OneVision." };
        var fps = RealNumbers.Optional("--fps", "R", "Frames per second to look at, in place of --frames.");
        var maxTokens = new Option<int>("--max-tokens") { HelpName = "N", Description = "Longest answer.", DefaultValueFactory = _ => 256 };
        var temperature = RealNumbers.Option("--temperature", "T", "0 is greedy; higher is more varied.", standard: 0);
        var topP = RealNumbers.Option("--top-p", "P", "Share of the probability to draw from.", standard: 1);
        var penalty = RealNumbers.Optional("--repetition-penalty", "P", "Default: the checkpoint's own; 1 is off.");
        var seed = new Option<int>("--seed") { HelpName = "S", Description = "The same seed gives the same answer." };
        var pruning = new PruningOptions();
        var chunk = new Option<int>("--chunk-frames") { HelpName = "N", Description = "Sampled frames per unit of work, 1 to 64.", DefaultValueFactory = _ => 64 };
        var partial = new Option<bool>("--allow-partial") { Description = "Answer from what could be decoded if the video breaks off." };
        var json = new Option<bool>("--json") { Description = "Print one JSON object in place of the answer." };
        var report = PathSymbols.Option("--report", "HTML file to write: which tokens stayed, and why.");
        report.HelpName = "FILE";
        var store = new StoreOptions();
        var compute = new ComputeOptions(AutomaticType.Name);
        var command = new Command("ask", """
            Answer a question about a video.

            Examples:
              hieravid ask talk.mp4 "What does the speaker hold?" --model ~/models/llava-onevision-7b
              hieravid ask street.mkv "How many cars pass?" --model DIR --fps 1 --max-tokens 64
              hieravid ask clip.mp4 "What happens?" --model DIR --frames 16 --device cuda:0 --json
              hieravid ask clip.mp4 "What happens?" --model DIR --method hieravid --budget 0.1
              hieravid ask hour.mp4 "When does it rain?" --model DIR --fps 1 --chunk-frames 16 --report hour.html
            """)
        {
            video, question, tower, frames, fps, maxTokens, temperature, topP, penalty, seed, chunk, partial, json, report,
        };
        pruning.AddTo(command);
        store.AddTo(command);
        model.AddTo(command);
        pool.AddTo(command);
        compute.AddTo(command);
        command.SetAction((parsed, cancellation) =>
        {
            var request = new JobRequest
            {
                VideoPath = parsed.GetRequiredValue(video),
                Question = parsed.GetRequiredValue(question),
                Sampling = new SamplingRequest(parsed.GetValue(frames), parsed.GetValue(fps)),
                Generation = new GenerationRequest(parsed.GetValue(maxTokens), parsed.GetValue(temperature), parsed.GetValue(topP),
                    parsed.GetValue(penalty), parsed.GetValue(seed)),
                Pruning = pruning.Read(parsed),
                ChunkFrames = parsed.GetValue(chunk),
                AllowPartial = parsed.GetValue(partial),
            };
            // Before libtorch is loaded, which takes longer than all the rest of a refusal.
            request.Validate();
            var page = parsed.GetValue(report);
            if (page is not null)
                ReportPage.Check(page);
            return RunAsync(request, store.Read(parsed), model.Read(parsed), parsed.GetValue(tower), pool.Read(parsed), compute.Read(parsed),
                parsed.GetValue(json), page, cancellation);
        });
        return command;
    }

    private static async Task<int> RunAsync(
        JobRequest request, StoreUse storing, string folder, string? tower, string? pool, Compute compute, bool json, string? page, CancellationToken cancellation)
    {
        await AnswerAsync(request, storing, folder, tower, pool, compute, json, page, cancellation).ConfigureAwait(false);
        return CommandLine.Success;
    }

    /// <summary>Answers, streamed or as JSON, and writes the page where one is asked for.</summary>
    internal static async Task<AnswerReport> AnswerAsync(
        JobRequest request, StoreUse storing, string folder, string? tower, string? pool, Compute compute, bool json, string? page, CancellationToken cancellation)
    {
        var display = StageDisplay.Create();
        var answer = new AnswerStream(display, isShown: !json);
        WarnOfOpenSandbox();
        try
        {
            var probed = await ProbedVideo.OfAsync(request.VideoPath, VideoLimits.Default, cancellation).ConfigureAwait(false);
            var start = Stopwatch.GetTimestamp();
            using var model = await Task.Run(() => LoadedModel.Load(folder, compute, tower, pool), cancellation).ConfigureAwait(false);
            var load = Stopwatch.GetElapsedTime(start).TotalSeconds;
            display.Show(new JobProgress(JobStage.Load, 1, 1,
                FormattableString.Invariant($"{folder}: {model.Network.WeightBytes / 1e6:N0} MB of weights on {model.Network.Compute.DeviceName} in {load:0.0} s, to compute in {model.Network.Compute.DTypeWithReason}")));
            var report = await new LocalRunner(model, VideoLimits.Default, storing)
                .RunAsync(request, display.Show, answer.Write, probed, cancellation).ConfigureAwait(false);
            report = report with { Timing = report.Timing with { Load = load } };
            display.Close();
            answer.End();
            if (json)
                StandardOutput.WriteLine(Json.Of(report));
            else
                Summarise(report);
            if (page is not null)
            {
                await ReportPage.WriteAsync(page, report, request.Question, probed.Info, VideoLimits.Default, cancellation).ConfigureAwait(false);
                Console.Error.WriteLine($"Report: {page}");
            }
            return report;
        }
        finally
        {
            display.Close();
            answer.End();
        }
    }

    private static void Summarise(AnswerReport report)
    {
        if (report.Answer.Length == 0)
            Console.Error.WriteLine("The model's answer is empty.");
        foreach (var note in report.Notes)
            Console.Error.WriteLine(note);
        Console.Error.WriteLine(FormattableString.Invariant(
            $"{Count.Of(report.Video.SampledFrames, "frame")} of {report.Video.DurationSeconds:0.0} s, {Count.Of(report.Tokens.Visual, "visual token")}, {report.Tokens.AverageRetention:P0} of them in an average layer; first token after {report.Timing.TimeToFirstToken:0.0} s, {Count.Of(report.Tokens.Generated, "token")} in {report.Timing.Total:0.0} s"));
    }

    private static void WarnOfOpenSandbox()
    {
        if (!Sandbox.Status.IsComplete)
            Console.Error.WriteLine($"Note: FFmpeg runs without {Sandbox.Status.Missing} here; take videos you trust.");
    }
}
