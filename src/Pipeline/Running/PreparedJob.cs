using HieraVid.Models.Tokenization;
using HieraVid.Pipeline.Jobs;
using HieraVid.Pipeline.Stages;
using HieraVid.Pruning;
using HieraVid.Video;

namespace HieraVid.Pipeline.Running;

/// <summary>A job whose video is known: what all later stages go by. The same on every machine with the same model.</summary>
internal sealed class PreparedJob
{
    private readonly LoadedModel _model;

    private PreparedJob(LoadedModel model, JobRequest request, VideoInfo video, Func<FrameBudget, List<string>, SamplingPlan> choose)
    {
        (_model, Request, Video) = (model, request, video);
        Prompt = model.Template.Encode(model.Tokenizer, [new ChatTurn(ChatRole.User, request.Question, VideoPlacement.OwnLine)]);
        Method = request.Pruning.MethodFor(model.Traits, Notes.Add);
        if (SignalWatch.Substitutes(model.Network, Method) is { } substitutes)
            Notes.Add(substitutes);
        Budget = new FrameBudget(model, Method, Prompt.Ids.Count, request.Generation.MaxTokens);
        Plan = choose(Budget, Notes);
        Chunks = Chunk.Split(Plan.Count, request.ChunkFrames);
    }

    internal JobRequest Request { get; }

    internal VideoInfo Video { get; }

    /// <summary>The frames.</summary>
    internal SamplingPlan Plan { get; }

    internal IReadOnlyList<Chunk> Chunks { get; }

    internal PromptTokens Prompt { get; }

    internal PruningMethod Method { get; }

    internal FrameBudget Budget { get; }

    /// <summary>What the reader of the answer must know.</summary>
    internal List<string> Notes { get; } = [];

    /// <summary>The pictures that the model takes.</summary>
    internal FrameSize FrameSize => SizeFor(_model);

    /// <summary>Chooses the frames.</summary>
    /// <exception cref="JobException">The frames do not fit the model, or the video has too few.</exception>
    internal static PreparedJob Prepare(LoadedModel model, JobRequest request, VideoInfo video, VideoLimits limits) =>
        new(model, request, video, (budget, notes) => FramePlan.Choose(video, request, budget, limits, notes));

    /// <summary>Goes by what another machine chose.</summary>
    internal static PreparedJob Of(LoadedModel model, JobSheet sheet) => new(model, sheet.Request, sheet.Video, (_, notes) =>
    {
        // What is noted on the sheet comes from there only.
        notes.Clear();
        notes.AddRange(sheet.Notes);
        return sheet.Plan;
    });

    /// <summary>What other machines have to know.</summary>
    internal JobSheet Sheet() => new(Request, Video, Plan, FrameSize, Notes);

    /// <summary>The pictures that a model takes.</summary>
    internal static FrameSize SizeFor(LoadedModel model) => new(model.Preprocessor.ImageWidth, model.Preprocessor.ImageHeight,
        model.Preprocessor.Resample == Models.Configuration.ResampleFilter.Bilinear ? Resample.Bilinear : Resample.Bicubic);
}
