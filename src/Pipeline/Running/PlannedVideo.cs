using HieraVid.Models;
using HieraVid.Models.Tokenization;
using HieraVid.Pipeline.Jobs;
using HieraVid.Pruning;
using HieraVid.Video;

namespace HieraVid.Pipeline.Running;

/// <summary>What is settled about a job before its video is decoded.</summary>
/// <param name="Plan">The frames.</param>
/// <param name="Grid">Their pixels and tokens.</param>
/// <param name="Prompt">The question in the model's format, with the video's place.</param>
/// <param name="Budget">Room for the video.</param>
/// <param name="SecondsPerStep">Seconds from one grid of tokens to the next.</param>
internal sealed record PlannedVideo(SamplingPlan Plan, FrameGrid Grid, PromptTokens Prompt, FrameBudget Budget, double SecondsPerStep)
{
    /// <summary>Plans one question about one video.</summary>
    /// <param name="model">The model.</param>
    /// <param name="video">The video.</param>
    /// <param name="request">The job.</param>
    /// <param name="method">What prunes the video.</param>
    /// <param name="limits">Ceilings on what a video may cost.</param>
    /// <param name="notes">Gets what the reader of the answer must know about the choice.</param>
    /// <exception cref="JobException">The video has fewer frames than asked for, or they do not fit the window.</exception>
    internal static PlannedVideo Of(
        LoadedModel model, VideoInfo video, JobRequest request, PruningMethod method, VideoLimits limits, ICollection<string> notes)
    {
        FrameBudget BudgetFor(PromptTokens prompt) =>
            new(model.Network, (video.Width, video.Height), method, prompt.Ids.Count, request.Generation.MaxTokens);
        var prompt = Encode(model, request.Question);
        var budget = BudgetFor(prompt);
        var plan = FramePlan.Choose(video, request, model.Network.Config, budget, limits, notes);
        if (plan.TimeInstruction is { } instruction)
        {
            prompt = Encode(model, $"{instruction}\n{request.Question}");
            budget = BudgetFor(prompt);
            budget.Check(plan.Count);
        }
        var grid = model.Network.Grid(video.Width, video.Height, plan.Count);
        // As the models' utilities reckon it: frames over their average rate.
        var seconds = video.FrameCount / video.AverageFps / plan.Count * grid.FramesPerStep;
        return new PlannedVideo(plan, grid, prompt, budget, seconds);
    }

    /// <summary>The chunks: whole grids of tokens each, so that a chunk may be longer by a frame than asked for.</summary>
    internal IReadOnlyList<Chunk> Chunks(int chunkFrames) =>
        Chunk.Split(Plan.Count, Grid.Steps(chunkFrames) * Grid.FramesPerStep);

    /// <summary>The layout of a video of so many grids.</summary>
    internal VideoLayout Layout(VideoModel network, int steps) => network.Layout(Grid, steps, SecondsPerStep);

    private static PromptTokens Encode(LoadedModel model, string text) =>
        model.Template.Encode(model.Tokenizer, [new ChatTurn(ChatRole.User, text, model.Template.Placement)]);
}
