using System.Globalization;
using HieraVid.Pipeline.Jobs;
using HieraVid.Pruning;

namespace HieraVid.Grains;

/// <summary>What is to be done, in the order in which a job goes through it.</summary>
public enum WorkKind
{
    /// <summary>Look at the video.</summary>
    Probe,

    /// <summary>Choose the frames.</summary>
    Cut,

    /// <summary>Decode a chunk.</summary>
    Decode,

    /// <summary>Encode a chunk.</summary>
    Encode,

    /// <summary>Summarise a chunk.</summary>
    Summarise,

    /// <summary>Plan.</summary>
    Plan,

    /// <summary>Apply the plan to a piece.</summary>
    Apply,

    /// <summary>Run the prompt and write the answer.</summary>
    Answer,
}

/// <summary>A piece of work: references only, never frames or tokens.</summary>
/// <param name="Job">The job.</param>
/// <param name="Kind">What is to be done.</param>
/// <param name="Index">The chunk or the piece; 0 for what concerns the whole job.</param>
/// <param name="First">Its first sample (of a chunk to decode or encode) or frame.</param>
/// <param name="Count">How many.</param>
/// <param name="Previous">The chunk before a chunk to summarise; −1 for none.</param>
/// <param name="Chunk">The chunk whose tokens it needs: a device that has them is preferred; −1 for none.</param>
[GenerateSerializer, Immutable]
public sealed record WorkItem(string Job, WorkKind Kind, int Index = 0, int First = 0, int Count = 0, int Previous = -1, int Chunk = -1)
{
    /// <summary>The job's span, as a W3C traceparent; empty for none.</summary>
    [Id(0)]
    public string Trace { get; init; } = "";

    /// <summary>Which silos do it.</summary>
    public Roles Role => RoleOf(Kind);

    internal static Roles RoleOf(WorkKind kind) => kind switch
    {
        WorkKind.Probe or WorkKind.Decode => Roles.Cpu,
        WorkKind.Encode or WorkKind.Summarise or WorkKind.Apply => Roles.Gpu,
        _ => Roles.Prefill,
    };

    /// <summary>What comes next without the job being asked: the frames of a chunk are of no use by themselves.</summary>
    internal WorkItem? Next => Kind switch
    {
        WorkKind.Probe => this with { Kind = WorkKind.Cut },
        WorkKind.Decode => this with { Kind = WorkKind.Encode },
        _ => null,
    };

    internal Chunk AsChunk() => new(Index, First, Count);

    internal JobCommand.SummariseChunk AsSummary() => new(Index, First, Previous < 0 ? null : Previous);

    internal JobCommand.ApplyPiece AsPiece() => new(Index, new FrameRange(First, Count));

    /// <summary>The work that a command of the machine comes to; null where there is none for workers.</summary>
    internal static WorkItem? Of(string job, JobCommand command, JobState state) => command switch
    {
        JobCommand.Probe => new(job, WorkKind.Probe),
        JobCommand.EncodeChunk encode => new(job, WorkKind.Decode, encode.Chunk.Index, encode.Chunk.FirstSample, encode.Chunk.Count, Chunk: encode.Chunk.Index),
        JobCommand.SummariseChunk summarise => new(job, WorkKind.Summarise, summarise.Index, summarise.FirstFrame, 0, summarise.Previous ?? -1, summarise.Index),
        JobCommand.Plan => new(job, WorkKind.Plan),
        JobCommand.ApplyPiece apply => new(job, WorkKind.Apply, apply.Index, apply.Piece.First, apply.Piece.Count, Chunk: ChunkAt(state, apply.Piece.First)),
        JobCommand.Answer => new(job, WorkKind.Answer),
        _ => null,
    };

    private static int ChunkAt(JobState state, int frame)
    {
        foreach (var (chunk, frames) in state.Encoded)
        {
            if ((frame -= frames) < 0)
                return chunk;
        }
        return -1;
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Kind} {Index} of job {Job}");
}

/// <summary>What a worker tells the job when it is done.</summary>
/// <param name="Item">What was to be done.</param>
[GenerateSerializer, Immutable]
public sealed record WorkDone(WorkItem Item)
{
    /// <summary>After encoding: frames that could be decoded.</summary>
    [Id(0)]
    public int Frames { get; init; }

    /// <summary>After cutting: the chunks' first samples and counts; after planning: the pieces' first frames and counts.</summary>
    [Id(1)]
    public (int First, int Count)[] Parts { get; init; } = [];

    /// <summary>After answering: the answer.</summary>
    [Id(2)]
    public string Answer { get; init; } = "";

    /// <summary>After answering: what ended the answer.</summary>
    [Id(5)]
    public string Finish { get; init; } = "";

    /// <summary>Why it cannot be done; empty where it is done.</summary>
    [Id(3)]
    public string Fault { get; init; } = "";

    /// <summary>Whether the user is to blame for that.</summary>
    [Id(4)]
    public bool IsUsersMistake { get; init; }

    internal JobEvent? AsEvent() => Fault.Length > 0 ? new JobEvent.StageFailed(new JobFault(Fault, IsUsersMistake)) : Item.Kind switch
    {
        WorkKind.Cut => new JobEvent.Probed([.. Parts.Select((part, i) => new Chunk(i, part.First, part.Count))]),
        WorkKind.Encode => new JobEvent.ChunkEncoded(Item.Index, Item.Count - Frames),
        WorkKind.Summarise => new JobEvent.ChunkSummarised(Item.Index),
        WorkKind.Plan => new JobEvent.Planned([.. Parts.Select(part => new FrameRange(part.First, part.Count))]),
        WorkKind.Apply => new JobEvent.PieceApplied(Item.Index),
        WorkKind.Answer => new JobEvent.Answered(),
        _ => null,
    };
}
