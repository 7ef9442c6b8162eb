using HieraVid.Pipeline.Blobs;
using HieraVid.Pipeline.Running;
using HieraVid.Pruning;

namespace HieraVid.Pipeline.Stages;

/// <summary>A job as one worker sees it: its part of the store, and what was read from there once. For one thread at a time.</summary>
/// <param name="id">The job.</param>
/// <param name="blobs">The store.</param>
internal sealed class OpenJob(string id, IBlobs blobs)
{
    private JobSheet? _sheet;
    private PreparedJob? _prepared;
    private (PruningPlan, string)? _plan;
    private JobLayout? _layout;

    internal string Id => id;

    internal JobBlocks Blocks { get; } = new(blobs, id);

    internal JobSheet Sheet() => _sheet ??= Blocks.Read<JobSheet>(JobBlocks.Sheet);

    internal PreparedJob Prepared(LoadedModel model) => _prepared ??= PreparedJob.Of(model, Sheet());

    internal (PruningPlan Plan, string Digest) Plan() => _plan ??= Blocks.ReadPlan();

    internal JobLayout Layout() => _layout ??= Blocks.Read<JobLayout>(JobBlocks.Layout);
}
