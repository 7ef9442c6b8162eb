using HieraVid.Pipeline.Jobs;
using HieraVid.Video;

namespace HieraVid.Pipeline.Running;

/// <summary>Drives a job in this process: one device, commands one after the other, decoding beside encoding.</summary>
/// <param name="model">Answers; stays the caller's.</param>
/// <param name="limits">Ceilings on what a video may cost.</param>
/// <param name="storing">Where tokens wait when memory is short.</param>
public sealed class LocalRunner(LoadedModel model, VideoLimits limits, StoreUse storing)
{
    /// <summary>Runs one job to its end.</summary>
    /// <param name="request">The job.</param>
    /// <param name="onProgress">Told how far each stage is, on the job's own thread.</param>
    /// <param name="onText">Given the answer piece by piece as it is written.</param>
    /// <param name="probed">The request's video, where it was looked at already; its time counts as the job's.</param>
    /// <param name="cancellation">Ends the job; nothing of it is left behind.</param>
    /// <exception cref="JobException">The job cannot be done; the message is for the user.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public async Task<AnswerReport> RunAsync(
        JobRequest request, Action<JobProgress>? onProgress = null, Action<string>? onText = null,
        ProbedVideo? probed = null, CancellationToken cancellation = default)
    {
        await using var work = new LocalWork(model, limits, storing, request, probed, onProgress ?? (_ => { }), onText ?? (_ => { }));
        var state = new JobState();
        var commands = new Stack<JobCommand>();
        Advance(new JobEvent.Accepted());
        while (commands.TryPop(out var command))
        {
            if (command is JobCommand.Finish)
                break;
            Advance(await DoAsync(work, command, cancellation).ConfigureAwait(false));
        }
        return state.Phase switch
        {
            JobPhase.Completed => work.Report(),
            JobPhase.Cancelled => throw new JobCancelledException(work.ChunksKept, state.Chunks.Length, cancellation),
            _ => throw JobException.From(state.Fault!),
        };

        void Advance(JobEvent happened)
        {
            (state, var next) = JobMachine.Step(state, happened);
            // A job that is over drops what was still to be done.
            if (state.IsOver)
                commands.Clear();
            // What follows from the newest chunk comes before the chunks that wait: its tokens are still in memory.
            foreach (var command in next.Reverse())
                commands.Push(command);
        }
    }

    private static async Task<JobEvent> DoAsync(LocalWork work, JobCommand command, CancellationToken cancellation)
    {
        try
        {
            cancellation.ThrowIfCancellationRequested();
            return command switch
            {
                JobCommand.Probe => await work.ProbeAsync(cancellation).ConfigureAwait(false),
                JobCommand.EncodeChunk encode => await work.EncodeAsync(encode.Chunk, cancellation).ConfigureAwait(false),
                JobCommand.SummariseChunk summarise => await Task.Run(() => work.Summarise(summarise), CancellationToken.None).ConfigureAwait(false),
                JobCommand.Plan => await Task.Run(work.Plan, cancellation).ConfigureAwait(false),
                JobCommand.ApplyPiece apply => await Task.Run(() => work.Apply(apply), cancellation).ConfigureAwait(false),
                JobCommand.Answer => await Task.Run(() => work.Answer(cancellation), cancellation).ConfigureAwait(false),
                _ => throw new InvalidOperationException($"No way to do {command}."),
            };
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return new JobEvent.CancelRequested();
        }
        catch (Exception e) when (JobFault.Of(e) is { } fault)
        {
            return new JobEvent.StageFailed(fault);
        }
    }
}
