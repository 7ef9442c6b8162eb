using HieraVid.Pipeline.Jobs;
using HieraVid.Pipeline.Running;
using HieraVid.Pruning;
using HieraVid.Video;

namespace HieraVid.Pipeline.Stages;

/// <summary>The stages that see the whole video: cutting the work, planning, and answering.</summary>
/// <param name="model">The model on the device that answers.</param>
internal sealed class AnswerStages(LoadedModel model)
{
    /// <summary>Chooses the frames and cuts them into chunks.</summary>
    /// <param name="job">The job.</param>
    /// <param name="limits">Ceilings on what a video may cost.</param>
    /// <param name="room">Asked for room for the tokens; null where there is no end of it.</param>
    /// <exception cref="NoRoomYetException">To be done again later.</exception>
    internal IReadOnlyList<Chunk> Cut(OpenJob job, VideoLimits limits, StoreRoom? room = null)
    {
        var request = job.Blocks.Read<JobRequest>(JobBlocks.Request);
        var prepared = PreparedJob.Prepare(model, request, job.Blocks.Read<VideoInfo>(JobBlocks.Video), limits);
        if (room?.TryTake(job.Id, prepared.Planned.TokenBytes(model.Network)) is false)
            throw new NoRoomYetException();
        job.Blocks.Write(JobBlocks.Sheet, prepared.Sheet());
        return prepared.Chunks;
    }

    /// <summary>Decides what to keep of the whole video.</summary>
    /// <returns>The pieces to apply the plan to.</returns>
    internal IReadOnlyList<FrameRange> Plan(OpenJob job)
    {
        var prepared = job.Prepared(model);
        var decoded = prepared.Chunks
            .Select(chunk => (chunk.Index, Decoded: job.Blocks.Read<DecodedChunk>(JobBlocks.Part(JobBlocks.Decoded, chunk.Index)))).ToList();
        var (placed, steps, first) = (new List<PlacedChunk>(), new List<int>(), 0);
        foreach (var (index, chunk) in decoded.Where(chunk => chunk.Decoded.Samples.Length > 0))
        {
            int[] behind = [.. prepared.Planned.Steps(chunk.Samples)];
            placed.Add(new PlacedChunk(index, new FrameRange(first, behind.Length)));
            steps.AddRange(behind);
            first += behind.Length;
        }
        var layout = new JobLayout(placed, [.. decoded.SelectMany(chunk => chunk.Decoded.Samples)], [.. steps],
            [.. decoded.SelectMany(chunk => chunk.Decoded.Missing)]);
        Answering.NoteMissing(prepared, layout.Samples.Length, []);
        job.Blocks.Write(JobBlocks.Layout, layout);
        var plan = prepared.Method.Plan(Summaries(job, layout), prepared.Planned.Budget.Room);
        job.Blocks.WritePlan(plan);
        return BackwardPass.Pieces(plan, [.. placed.Select(chunk => chunk.Frames)]);
    }

    /// <summary>Puts the pieces together, runs the prompt, writes the answer and leaves the account of it in the store.</summary>
    internal AnswerReport Answer(OpenJob job, Action<JobProgress> onProgress, Action<string> onText, CancellationToken cancellation)
    {
        var (layout, (plan, digest)) = (job.Layout(), job.Plan());
        // Its notes grow with what is missing, and the stage may be done twice.
        var prepared = PreparedJob.Of(model, job.Sheet());
        Answering.NoteMissing(prepared, layout.Samples.Length, layout.Missing);
        using var pass = new BackwardPass(prepared.Method, plan);
        var pieces = BackwardPass.Pieces(plan, [.. layout.Chunks.Select(chunk => chunk.Frames)]);
        using var answering = new Answering(model, prepared, new StageClock(), onProgress, onText);
        answering.Prefill(plan, () =>
        {
            for (var i = pieces.Count - 1; i >= 0; i--)
            {
                cancellation.ThrowIfCancellationRequested();
                using var piece = PrunedBlock.From(job.Blocks.Read(JobBlocks.Piece(digest), i, model.Network.Compute.Device));
                pass.Take(piece);
            }
            return pass.Join();
        }, layout.Steps.Length, cancellation);
        answering.Generate(cancellation);
        var report = answering.Report(layout.Samples, layout.Steps, Summaries(job, layout), reused: 0);
        job.Blocks.Report.Write(job.Sheet(), report);
        // Written last: who finds it finds the report, too.
        job.Blocks.Write(JobBlocks.Result, report);
        return report;
    }

    private static List<ChunkSummary> Summaries(OpenJob job, JobLayout layout) =>
        [.. layout.Chunks.Select(chunk => job.Blocks.Read<ChunkSummary>(JobBlocks.Part(JobBlocks.Summary, chunk.Index)))];
}
