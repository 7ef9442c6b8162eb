using Orleans.Concurrency;

namespace HieraVid.Grains;

/// <summary>One job; its key is the job's id. It drives the state machine, and what happened to it survives its silo.</summary>
public interface IVideoJobGrain : IGrainWithStringKey
{
    /// <summary>Accepts a job. When this returns the acceptance is stored; a second time changes nothing.</summary>
    /// <param name="job">The job.</param>
    /// <returns>Where it stands.</returns>
    Task<JobStatus> Submit(Submission job);

    /// <summary>Ends the job, unless it is over.</summary>
    /// <param name="mayBeEarly">Whether the order may have overtaken the job itself, which is then over as soon as it comes.</param>
    /// <returns>Where it stands; null if no such job was submitted so far.</returns>
    Task<JobStatus?> Cancel(bool mayBeEarly = false);

    /// <summary>Where it stands; null if no such job was ever submitted.</summary>
    Task<JobStatus?> Status();

    /// <summary>A worker is done with something. When this returns that is stored; many workers may report at once.</summary>
    [AlwaysInterleave]
    Task Report(WorkDone done);

    /// <summary>A worker says how far it is.</summary>
    [OneWay]
    Task Progress(StageProgress progress);

    /// <summary>A worker writes the answer.</summary>
    [OneWay]
    Task Text(TextPiece piece);
}

/// <summary>A job as it is submitted.</summary>
/// <param name="Request">The request, as it is stored.</param>
/// <param name="Video">What the user knows the video by.</param>
/// <param name="Question">The question.</param>
/// <param name="Priority">Higher goes first.</param>
[GenerateSerializer, Immutable]
public sealed record Submission(byte[] Request, string Video, string Question, int Priority = 0)
{
    /// <summary>Why it cannot be done, in a sentence: it is written down and fails at once. Empty for a job that is to be tried.</summary>
    [Id(0)]
    public string Refusal { get; init; } = "";

    /// <summary>The span that the job's spans descend from, as a W3C traceparent; empty for none.</summary>
    [Id(1)]
    public string Trace { get; init; } = "";
}

/// <summary>Where a job stands.</summary>
/// <param name="Id">The job.</param>
/// <param name="Phase">The machine's phase, in lower case.</param>
/// <param name="Video">What the user knows the video by.</param>
/// <param name="Question">The question.</param>
/// <param name="Submitted">When it was submitted.</param>
[GenerateSerializer, Immutable]
public sealed record JobStatus(string Id, string Phase, string Video, string Question, DateTimeOffset Submitted)
{
    /// <summary>When it ended.</summary>
    [Id(0)]
    public DateTimeOffset? Ended { get; init; }

    /// <summary>Whether it is over.</summary>
    [Id(1)]
    public bool IsOver { get; init; }

    /// <summary>Chunks in all; 0 before they are known.</summary>
    [Id(2)]
    public int Chunks { get; init; }

    /// <summary>Chunks that are encoded.</summary>
    [Id(3)]
    public int Encoded { get; init; }

    /// <summary>Pieces of the plan; 0 before they are known.</summary>
    [Id(4)]
    public int Pieces { get; init; }

    /// <summary>Pieces that the plan is applied to.</summary>
    [Id(5)]
    public int Applied { get; init; }

    /// <summary>Chunks that were decoded.</summary>
    [Id(11)]
    public int Decoded { get; init; }

    /// <summary>The newest word of a stage; null before the first.</summary>
    [Id(6)]
    public StageProgress? Stage { get; init; }

    /// <summary>The answer as far as it is written.</summary>
    [Id(7)]
    public string Text { get; init; } = "";

    /// <summary><c>stop</c> or <c>length</c>, once the answer is complete.</summary>
    [Id(10)]
    public string Finish { get; init; } = "";

    /// <summary>Why it failed; null if it did not.</summary>
    [Id(8)]
    public string? Fault { get; init; }

    /// <summary>Whether the user is to blame for that.</summary>
    [Id(9)]
    public bool IsUsersMistake { get; init; }
}

/// <summary>How far a stage is.</summary>
/// <param name="Stage">The stage.</param>
/// <param name="Done">Units done.</param>
/// <param name="Total">Units in all.</param>
/// <param name="Note">A fact worth a line, or empty.</param>
[GenerateSerializer, Immutable]
public sealed record StageProgress(string Stage, int Done, int Total, string Note);

/// <summary>A piece of the answer. An answer that is written again begins at 0 again and says the same.</summary>
/// <param name="Start">Characters before it.</param>
/// <param name="Text">The piece.</param>
[GenerateSerializer, Immutable]
public sealed record TextPiece(int Start, string Text);
