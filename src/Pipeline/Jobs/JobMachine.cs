namespace HieraVid.Pipeline.Jobs;

/// <summary>
/// The job as a pure state machine: no clock, no files, no devices. The in-process runner and the cluster drive the same one.
/// </summary>
public static class JobMachine
{
    /// <summary>One step. Events that do not fit the phase (late or repeated ones) change nothing.</summary>
    /// <param name="state">Where the job stands.</param>
    /// <param name="happened">What happened.</param>
    /// <returns>Where it stands now, and what is to be done that was not to be done before.</returns>
    public static (JobState State, IReadOnlyList<JobCommand> Commands) Step(JobState state, JobEvent happened)
    {
        var next = Next(state, happened);
        return (next, next == state ? [] : [.. Outstanding(next).Except(Outstanding(state))]);
    }

    /// <summary>All that is to be done in a state. A host that lost what it was doing goes on from here.</summary>
    /// <param name="state">Where the job stands.</param>
    /// <returns>In the order in which one device needs the least memory for it: pieces from the last to the first.</returns>
    public static IReadOnlyList<JobCommand> Outstanding(JobState state) => state.Phase switch
    {
        JobPhase.Submitted => [],
        JobPhase.Probing => [new JobCommand.Probe()],
        JobPhase.Encoding => [.. Summaries(state), .. Chunks(state)],
        JobPhase.Planning => [new JobCommand.Plan()],
        JobPhase.Applying => [.. Pieces(state).Reverse()],
        JobPhase.Answering => [new JobCommand.Answer()],
        _ => [new JobCommand.Finish()],
    };

    private static JobState Next(JobState state, JobEvent happened) => (state.Phase, happened) switch
    {
        _ when state.IsOver => state,
        (_, JobEvent.StageFailed failed) => state with { Phase = JobPhase.Failed, Fault = failed.Fault },
        (_, JobEvent.CancelRequested) => state with { Phase = JobPhase.Cancelled },
        (JobPhase.Submitted, JobEvent.Accepted) => state with { Phase = JobPhase.Probing },
        (JobPhase.Probing, JobEvent.Probed probed) => Cut(state, probed),
        (JobPhase.Encoding, JobEvent.ChunkEncoded encoded) => Collect(state, encoded),
        (JobPhase.Encoding, JobEvent.ChunkSummarised summarised) => Collect(state, summarised),
        (JobPhase.Planning, JobEvent.Planned planned) => state with { Phase = JobPhase.Applying, Pieces = planned.Pieces },
        (JobPhase.Applying, JobEvent.PieceApplied applied) => Collect(state, applied),
        (JobPhase.Answering, JobEvent.Answered) => state with { Phase = JobPhase.Completed },
        _ => state,
    };

    private static JobState Cut(JobState state, JobEvent.Probed probed)
    {
        // Without a chunk no event would ever come again, and the job would wait for ever.
        if (probed.Chunks.IsDefaultOrEmpty)
        {
            var fault = new JobFault("The video has no frame to look at: give another video or another --fps.", IsUsersMistake: true);
            return state with { Phase = JobPhase.Failed, Fault = fault };
        }
        return state with { Phase = JobPhase.Encoding, Chunks = probed.Chunks };
    }

    private static JobState Collect(JobState state, JobEvent.ChunkEncoded encoded)
    {
        if (encoded.Index < 0 || encoded.Index >= state.Chunks.Length || state.Encoded.ContainsKey(encoded.Index))
            return state;
        var frames = Math.Max(0, state.Chunks[encoded.Index].Count - encoded.MissingSamples);
        return PlanIfReady(state with { Encoded = state.Encoded.Add(encoded.Index, frames) });
    }

    // A summary is taken only of a chunk that has frames and whose place among the frames is known.
    private static JobState Collect(JobState state, JobEvent.ChunkSummarised summarised) =>
        Summaries(state).Any(command => command.Index == summarised.Index)
            ? PlanIfReady(state with { Summarised = state.Summarised.Add(summarised.Index) })
            : state;

    private static JobState PlanIfReady(JobState state) =>
        state.Encoded.Count == state.Chunks.Length && !Summaries(state).Any() ? state with { Phase = JobPhase.Planning } : state;

    private static JobState Collect(JobState state, JobEvent.PieceApplied applied)
    {
        if (applied.Index < 0 || applied.Index >= state.Pieces.Length || state.Applied.Contains(applied.Index))
            return state;
        var next = state with { Applied = state.Applied.Add(applied.Index) };
        return next.Applied.Count == next.Pieces.Length ? next with { Phase = JobPhase.Answering } : next;
    }

    private static IEnumerable<JobCommand.EncodeChunk> Chunks(JobState state) =>
        state.Chunks.Where(chunk => !state.Encoded.ContainsKey(chunk.Index)).Select(chunk => new JobCommand.EncodeChunk(chunk));

    // Of every chunk whose predecessors are all encoded: how many frames they have tells where it begins.
    private static IEnumerable<JobCommand.SummariseChunk> Summaries(JobState state)
    {
        var (first, previous) = (0, (int?)null);
        foreach (var chunk in state.Chunks)
        {
            if (!state.Encoded.TryGetValue(chunk.Index, out var frames))
                yield break;
            if (frames == 0)
                continue;
            if (!state.Summarised.Contains(chunk.Index))
                yield return new JobCommand.SummariseChunk(chunk.Index, first, previous);
            (first, previous) = (first + frames, chunk.Index);
        }
    }

    private static IEnumerable<JobCommand.ApplyPiece> Pieces(JobState state) =>
        state.Pieces.Select((piece, i) => new JobCommand.ApplyPiece(i, piece)).Where(command => !state.Applied.Contains(command.Index));
}
