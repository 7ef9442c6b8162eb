using HieraVid.Pipeline.Jobs;
using HieraVid.Pipeline.Stages;
using HieraVid.Pruning;
using HieraVid.Video;

namespace HieraVid.Pipeline.Running;

/// <summary>A job whose video is known: what all later stages go by. The same on every machine with the same model.</summary>
internal sealed class PreparedJob
{
    private PreparedJob(
        LoadedModel model, JobRequest request, VideoInfo video, Func<PruningMethod, List<string>, PlannedVideo> plan)
    {
        (Request, Video) = (request, video);
        Method = request.Pruning.MethodFor(model.Traits, Notes.Add);
        if (SignalWatch.Substitutes(model.Network, Method) is { } substitutes)
            Notes.Add(substitutes);
        Planned = plan(Method, Notes);
        Chunks = Planned.Chunks(request.ChunkFrames);
        FrameSize = Planned.FrameSize(model.Network);
    }

    internal JobRequest Request { get; }

    internal VideoInfo Video { get; }

    /// <summary>Frames, their pixels and tokens, prompt and room.</summary>
    internal PlannedVideo Planned { get; }

    /// <summary>The frames.</summary>
    internal SamplingPlan Plan => Planned.Plan;

    internal IReadOnlyList<Chunk> Chunks { get; }

    internal PruningMethod Method { get; }

    /// <summary>What the reader of the answer must know.</summary>
    internal List<string> Notes { get; } = [];

    /// <summary>The pictures that the model takes.</summary>
    internal FrameSize FrameSize { get; }

    /// <summary>Chooses the frames.</summary>
    /// <exception cref="JobException">The frames do not fit the model, or the video has too few.</exception>
    internal static PreparedJob Prepare(LoadedModel model, JobRequest request, VideoInfo video, VideoLimits limits) =>
        new(model, request, video, (method, notes) => PlannedVideo.Of(model, video, request, method, limits, notes));

    /// <summary>Goes by what another machine chose.</summary>
    internal static PreparedJob Of(LoadedModel model, JobSheet sheet) => new(model, sheet.Request, sheet.Video, (method, notes) =>
    {
        // What is noted on the sheet comes from there only.
        notes.Clear();
        notes.AddRange(sheet.Notes);
        return PlannedVideo.Of(model, sheet.Video, sheet.Request, method, sheet.Plan);
    });

    /// <summary>What other machines have to know.</summary>
    internal JobSheet Sheet() => new(Request, Video, Plan, FrameSize, Notes);
}
