using System.CommandLine;
using System.Diagnostics;
using HieraVid.Client.Output;
using HieraVid.Models;
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
        var video = new Argument<string>("VIDEO") { Description = "The video file." };
        var question = new Argument<string>("QUESTION") { Description = "The question, in quotes." };
        var model = new Option<string>("--model") { Description = "Folder of a LLaVA-OneVision checkpoint.", Required = true };
        var tower = new Option<string?>("--vision-tower") { Description = "Folder of the original SigLIP, where config.json names another than so400m." };
        var frames = new Option<int?>("--frames") { Description = "Evenly spaced frames to look at. Default: 32, or all of a shorter video." };
        var fps = new Option<double?>("--fps") { Description = "Frames per second to look at, in place of --frames." };
        var maxTokens = new Option<int>("--max-tokens") { Description = "Longest answer.", DefaultValueFactory = _ => 256 };
        var temperature = new Option<double>("--temperature") { Description = "0 is greedy; higher is more varied." };
        var topP = new Option<double>("--top-p") { Description = "Share of the probability to draw from.", DefaultValueFactory = _ => 1 };
        var penalty = new Option<double?>("--repetition-penalty") { Description = "Default: the checkpoint's own; 1 is off." };
        var seed = new Option<int>("--seed") { Description = "The same seed gives the same answer." };
        var chunk = new Option<int>("--chunk-frames") { Description = "Sampled frames per unit of work, 1 to 64.", DefaultValueFactory = _ => 64 };
        var partial = new Option<bool>("--allow-partial") { Description = "Answer from what could be decoded if the video breaks off." };
        var json = new Option<bool>("--json") { Description = "Print one JSON object in place of the answer." };
        var compute = new ComputeOptions("bf16");
        var command = new Command("ask", """
            Answer a question about a video.

            Examples:
              hieravid ask talk.mp4 "What does the speaker hold?" --model ~/models/llava-onevision-7b
              hieravid ask street.mkv "How many cars pass?" --model DIR --fps 1 --max-tokens 64
              hieravid ask clip.mp4 "What happens?" --model DIR --frames 16 --device cuda:0 --json
            """)
        {
            video, question, model, tower, frames, fps, maxTokens, temperature, topP, penalty, seed, chunk, partial, json,
        };
        compute.AddTo(command);
        command.SetAction((parsed, cancellation) => RunAsync(
            new JobRequest
            {
                VideoPath = parsed.GetRequiredValue(video),
                Question = parsed.GetRequiredValue(question),
                Sampling = new SamplingRequest(parsed.GetValue(frames), parsed.GetValue(fps)),
                Generation = new GenerationRequest(parsed.GetValue(maxTokens), parsed.GetValue(temperature), parsed.GetValue(topP),
                    parsed.GetValue(penalty), parsed.GetValue(seed)),
                ChunkFrames = parsed.GetValue(chunk),
                AllowPartial = parsed.GetValue(partial),
            },
            parsed.GetRequiredValue(model), parsed.GetValue(tower), compute.Read(parsed), parsed.GetValue(json), cancellation));
        return command;
    }

    internal static async Task<int> RunAsync(
        JobRequest request, string folder, string? tower, Compute compute, bool json, CancellationToken cancellation)
    {
        request.Validate();
        var display = StageDisplay.Create();
        WarnOfOpenSandbox();
        var start = Stopwatch.GetTimestamp();
        using var model = await Task.Run(() => LoadedModel.Load(folder, compute, tower), cancellation).ConfigureAwait(false);
        var load = Stopwatch.GetElapsedTime(start).TotalSeconds;
        display.Show(new JobProgress(JobStage.Load, 1, 1,
            FormattableString.Invariant($"{folder}: {model.Network.WeightBytes / 1e6:N0} MB of weights on {compute.DeviceName} in {load:0.0} s")));
        try
        {
            var report = await new LocalRunner(model, VideoLimits.Default).RunAsync(request, display.Show, Stream, cancellation)
                .ConfigureAwait(false);
            report = report with { Timing = report.Timing with { Load = load } };
            display.Close();
            Finish(report, json);
            return CommandLine.Success;
        }
        finally
        {
            display.Close();
        }

        void Stream(string text)
        {
            display.Close();
            if (!json)
                Console.Out.Write(text);
        }
    }

    private static void Finish(AnswerReport report, bool json)
    {
        if (json)
        {
            Console.Out.WriteLine(Json.Of(report));
            return;
        }
        Console.Out.WriteLine();
        foreach (var note in report.Notes)
            Console.Error.WriteLine(note);
        Console.Error.WriteLine(FormattableString.Invariant(
            $"{report.Video.SampledFrames} frames of {report.Video.DurationSeconds:0.0} s, {report.Tokens.Visual} visual tokens; first token after {report.Timing.TimeToFirstToken:0.0} s, {report.Tokens.Generated} tokens in {report.Timing.Total:0.0} s"));
    }

    private static void WarnOfOpenSandbox()
    {
        if (!Sandbox.Status.IsComplete)
            Console.Error.WriteLine($"Note: FFmpeg runs without {Sandbox.Status.Missing} here; take videos you trust.");
    }
}
