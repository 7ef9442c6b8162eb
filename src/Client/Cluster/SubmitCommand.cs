using System.CommandLine;
using System.Diagnostics;
using HieraVid.Client.Commands;
using HieraVid.Client.Output;
using HieraVid.Contracts;
using HieraVid.Pipeline.Jobs;

namespace HieraVid.Client.Cluster;

/// <summary><c>hieravid submit</c>: hands a question about a video to a cluster.</summary>
internal static class SubmitCommand
{
    internal static Command Create()
    {
        var video = PathSymbols.Argument("VIDEO", "The video file, or an https address.");
        var question = new Argument<string>("QUESTION") { Description = "The question, in quotes." };
        var frames = new Option<int?>("--frames") { HelpName = "N", Description = "Evenly spaced frames to look at. Default: 32, or all of a shorter video." };
        var fps = RealNumbers.Optional("--fps", "R", "Frames per second to look at, in place of --frames.");
        var maxTokens = new Option<int>("--max-tokens") { HelpName = "N", Description = "Longest answer.", DefaultValueFactory = _ => 256 };
        var temperature = RealNumbers.Option("--temperature", "T", "0 is greedy; higher is more varied.", standard: 0);
        var seed = new Option<int>("--seed") { HelpName = "S", Description = "The same seed gives the same answer." };
        var chunk = new Option<int>("--chunk-frames") { HelpName = "N", Description = "Sampled frames per unit of work, 1 to 64.", DefaultValueFactory = _ => 64 };
        var partial = new Option<bool>("--allow-partial") { Description = "Answer from what could be decoded if the video breaks off." };
        var priority = new Option<JobPriority>("--priority") { Description = "Which jobs go first.", DefaultValueFactory = _ => JobPriority.Normal };
        var id = new Option<Guid?>("--id") { HelpName = "ID", Description = "The job's id; the same id again is the same job. Default: a new one." };
        var watches = new Option<bool>("--watch") { Description = "Stay and watch it." };
        var (pruning, route) = (new PruningOptions(), new Route());
        var command = new Command("submit", """
            Hand a question about a video to a cluster.

            Examples:
              hieravid submit talk.mp4 "What does the speaker hold?"
              hieravid submit hour.mp4 "When does it rain?" --fps 1 --chunk-frames 16 --watch
            """)
        {
            video, question, frames, fps, maxTokens, temperature, seed, chunk, partial, priority, id, watches,
        };
        pruning.AddTo(command);
        route.AddTo(command);
        command.SetAction(async (parsed, cancellation) =>
        {
            // Made whether anybody listens here or not: the silos' spans descend from it.
            using var span = new Activity("submit") { ActivityTraceFlags = ActivityTraceFlags.Recorded }.SetIdFormat(ActivityIdFormat.W3C).Start();
            var asked = pruning.Read(parsed);
            var path = parsed.GetRequiredValue(video);
            var job = new SubmitVideoJob
            {
                JobId = parsed.GetValue(id) ?? Guid.NewGuid(),
                Source = "",
                Question = parsed.GetRequiredValue(question),
                Frames = parsed.GetValue(frames),
                Fps = parsed.GetValue(fps),
                Method = asked.Method,
                Budget = asked.Budget,
                Settings = asked.Settings,
                MaxTokens = parsed.GetValue(maxTokens),
                Temperature = parsed.GetValue(temperature),
                Seed = parsed.GetValue(seed),
                ChunkFrames = parsed.GetValue(chunk),
                AllowPartial = parsed.GetValue(partial),
                Priority = parsed.GetValue(priority),
                SubmittedAt = DateTimeOffset.UtcNow,
                Trace = span.Id!,
            };
            Check(job, path);
            job = job with { Source = await route.SourceAsync(parsed, path, cancellation).ConfigureAwait(false) };
            return await HandOverAsync(parsed, route, job, parsed.GetValue(watches), cancellation).ConfigureAwait(false);
        });
        return command;
    }

    // When it is handed over the broker or the cluster has it on its disk.
    private static async Task<int> HandOverAsync(ParseResult parsed, Route route, SubmitVideoJob job, bool watches, CancellationToken cancellation)
    {
        if (await route.Broker.OpenAsync(parsed, cancellation).ConfigureAwait(false) is { } broker)
        {
            await using (broker.ConfigureAwait(false))
            {
                await broker.SubmitAsync(job, cancellation).ConfigureAwait(false);
                StandardOutput.WriteLine($"{job.JobId:N}");
                return watches ? await WatchCommand.RunAsync(WatchedJob.Of(broker.FollowAsync(job.JobId, null, cancellation)), job.JobId).ConfigureAwait(false) : CommandLine.Success;
            }
        }
        using var cluster = route.Cluster.Open(parsed);
        await cluster.SubmitAsync(job, cancellation).ConfigureAwait(false);
        StandardOutput.WriteLine($"{job.JobId:N}");
        return watches ? await WatchCommand.RunAsync(WatchedJob.Of(cluster.WatchAsync(job.JobId, cancellation)), job.JobId).ConfigureAwait(false) : CommandLine.Success;
    }

    // What can be refused here is not sent.
    private static void Check(SubmitVideoJob job, string path) => new JobRequest
    {
        VideoPath = path,
        Question = job.Question,
        Sampling = new SamplingRequest(job.Frames, job.Fps),
        Generation = new GenerationRequest(job.MaxTokens, job.Temperature, job.TopP, job.RepetitionPenalty, job.Seed),
        Pruning = new PruningRequest { Method = job.Method, Budget = job.Budget, Settings = job.Settings },
        ChunkFrames = job.ChunkFrames,
    }.Validate();
}
