namespace HieraVid.Pipeline.Jobs;

/// <summary>
/// The job as a pure state machine: no clock, no files, no devices. The in-process runner and the cluster drive the same one.
/// </summary>
public static class JobMachine
{
    private static readonly IReadOnlyList<JobCommand> s_nothing = [];

    /// <summary>One step. Events that do not fit the phase (late or repeated ones) change nothing.</summary>
    /// <param name="state">Where the job stands.</param>
    /// <param name="happened">What happened.</param>
    /// <returns>Where it stands now, and what is to be done.</returns>
    public static (JobState State, IReadOnlyList<JobCommand> Commands) Step(JobState state, JobEvent happened) =>
        (state.Phase, happened) switch
        {
            _ when state.IsOver => (state, s_nothing),
            (_, JobEvent.StageFailed failed) => End(state with { Fault = failed.Fault }, JobPhase.Failed),
            (_, JobEvent.CancelRequested) => End(state, JobPhase.Cancelled),
            (JobPhase.Submitted, JobEvent.Accepted) => Go(state, JobPhase.Probing, new JobCommand.Probe()),
            (JobPhase.Probing, JobEvent.Probed probed) => Cut(state, probed),
            (JobPhase.Encoding, JobEvent.ChunkEncoded encoded) => Collect(state, encoded),
            (JobPhase.Prefilling, JobEvent.Prefilled) => Go(state, JobPhase.Generating, new JobCommand.Generate()),
            (JobPhase.Generating, JobEvent.Answered) => End(state, JobPhase.Completed),
            _ => (state, s_nothing),
        };

    private static (JobState, IReadOnlyList<JobCommand>) Cut(JobState state, JobEvent.Probed probed)
    {
        // Without a chunk no event would ever come again, and the job would wait for ever.
        if (probed.Chunks.IsDefaultOrEmpty)
        {
            var fault = new JobFault("The video has no frame to look at: give another video or another --fps.", IsUsersMistake: true);
            return End(state with { Fault = fault }, JobPhase.Failed);
        }
        return (state with { Phase = JobPhase.Encoding, Chunks = probed.Chunks },
            [.. probed.Chunks.Select(chunk => new JobCommand.EncodeChunk(chunk))]);
    }

    private static (JobState, IReadOnlyList<JobCommand>) Collect(JobState state, JobEvent.ChunkEncoded encoded)
    {
        if (encoded.Index < 0 || encoded.Index >= state.Chunks.Length || state.Encoded.Contains(encoded.Index))
            return (state, s_nothing);
        var next = state with
        {
            Encoded = state.Encoded.Add(encoded.Index),
            MissingSamples = state.MissingSamples + encoded.MissingSamples,
        };
        return next.Encoded.Count == next.Chunks.Length
            ? Go(next, JobPhase.Prefilling, new JobCommand.Prefill())
            : (next, s_nothing);
    }

    private static (JobState, IReadOnlyList<JobCommand>) Go(JobState state, JobPhase phase, JobCommand command) =>
        (state with { Phase = phase }, [command]);

    private static (JobState, IReadOnlyList<JobCommand>) End(JobState state, JobPhase phase) =>
        Go(state, phase, new JobCommand.Finish());
}
