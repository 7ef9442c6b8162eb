using System.Collections.Concurrent;
using HieraVid.Pipeline.Stages;

namespace HieraVid.Grains.Tests;

/// <summary>
/// Sees what a cluster does: every stage that is run, every job that is told to be over. A test may put a fault before a stage.
/// </summary>
internal sealed class Witness(FaultyBlobs blobs) : IJobNews
{
    private readonly ConcurrentQueue<StageRunning> _runs = new();
    private readonly ConcurrentQueue<JobStatus> _ended = new();

    /// <summary>Called before a stage is run; what it waits for, the stage waits for.</summary>
    internal Func<StageRunning, Task> Before { get; set; } = _ => Task.CompletedTask;

    /// <summary>How long a chunk's stage may take.</summary>
    internal TimeSpan ChunkLimit { get; init; } = TimeSpan.FromSeconds(30);

    internal FaultyBlobs Blobs => blobs;

    internal IReadOnlyList<StageRunning> Runs => [.. _runs];

    internal IReadOnlyList<JobStatus> Ended => [.. _ended];

    /// <summary>The chunks that were really encoded, with how often: a run that finds the tokens in the store computes nothing.</summary>
    internal Dictionary<int, int> Encodings(string job) => _runs
        .Where(run => run.Item.Job == job && run.Item.Kind == WorkKind.Encode && run is { IsDone: true, FoundOutput: false })
        .CountBy(run => run.Item.Index).ToDictionary();

    internal async Task<WorkDone> RunAsync(WorkItem item, string worker, Func<Task<WorkDone>> stage, CancellationToken cancellation)
    {
        var run = new StageRunning(item, worker);
        _runs.Enqueue(run);
        await Before(run);
        run.FoundOutput = item.Kind == WorkKind.Encode && !blobs.IsAway && new JobBlocks(blobs, item.Job).Has(JobBlocks.Tokens, item.Index);
        var done = await stage();
        run.IsDone = true;
        return done;
    }

    public Task AcceptedAsync(JobStatus job) => Task.CompletedTask;

    public Task ProgressAsync(JobStatus job, TextPiece? text) => Task.CompletedTask;

    public Task EndedAsync(JobStatus job)
    {
        _ended.Enqueue(job);
        return Task.CompletedTask;
    }
}

/// <summary>One run of a stage.</summary>
internal sealed record StageRunning(WorkItem Item, string Worker)
{
    internal bool FoundOutput { get; set; }

    internal bool IsDone { get; set; }

    internal string Silo => WorkerKey.SiloOf(Worker)!;
}
