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
        var budget = BudgetFor(model, video, request, method, Encode(model, request.Question));
        var plan = FramePlan.Choose(video, request, model.Network.Config, budget, limits, notes);
        var planned = Of(model, video, request, method, plan);
        // The times of the frames stand in the prompt, too.
        planned.Budget.Check(plan.Count);
        return planned;
    }

    /// <summary>The same for frames that were chosen before, perhaps by another machine.</summary>
    internal static PlannedVideo Of(LoadedModel model, VideoInfo video, JobRequest request, PruningMethod method, SamplingPlan plan)
    {
        var prompt = Encode(model, plan.TimeInstruction is { } instruction ? $"{instruction}\n{request.Question}" : request.Question);
        var grid = model.Network.Grid(video.Width, video.Height, plan.Count);
        // As the models' utilities reckon it: frames over their average rate.
        var seconds = video.FrameCount / video.AverageFps / plan.Count * grid.FramesPerStep;
        return new PlannedVideo(plan, grid, prompt, BudgetFor(model, video, request, method, prompt), seconds);
    }

    /// <summary>The pictures that the model takes.</summary>
    internal FrameSize FrameSize(VideoModel network) => new(Grid.Width, Grid.Height,
        network.Resample == Models.Configuration.ResampleFilter.Bilinear ? Resample.Bilinear : Resample.Bicubic);

    /// <summary>The first sample behind each grid of tokens.</summary>
    /// <param name="samples">The samples of one chunk that could be decoded.</param>
    internal IEnumerable<int> Steps(IEnumerable<int> samples) => samples.Where((_, i) => i % Grid.FramesPerStep == 0);

    /// <summary>The chunks: whole grids of tokens each, so that a chunk may be longer by a frame than asked for.</summary>
    internal IReadOnlyList<Chunk> Chunks(int chunkFrames) =>
        Chunk.Split(Plan.Count, Grid.Steps(chunkFrames) * Grid.FramesPerStep);

    /// <summary>Bytes of all its visual tokens before pruning.</summary>
    internal long TokenBytes(VideoModel network) => (long)Grid.Steps(Plan.Count) * Grid.Tokens * network.Config.Text.HiddenSize
        * (network.Compute.DType == TorchSharp.torch.ScalarType.Float32 ? 4 : 2);

    /// <summary>The layout of a video of so many grids.</summary>
    internal VideoLayout Layout(VideoModel network, int steps) => network.Layout(Grid, steps, SecondsPerStep);

    private static FrameBudget BudgetFor(
        LoadedModel model, VideoInfo video, JobRequest request, PruningMethod method, PromptTokens prompt) =>
        new(model.Network, (video.Width, video.Height), method, prompt.Ids.Count, request.Generation.MaxTokens);

    private static PromptTokens Encode(LoadedModel model, string text) =>
        model.Template.Encode(model.Tokenizer, [new ChatTurn(ChatRole.User, text, model.Template.Placement)]);
}
