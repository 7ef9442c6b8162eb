using System.Collections.Immutable;
using HieraVid.Pipeline.Jobs;
using HieraVid.Pruning;

namespace HieraVid.Pipeline.Tests.Jobs;

public class JobMachineTests
{
    private static readonly JobFault s_fault = new("It broke.", IsUsersMistake: true);

    public static TheoryData<int> Seeds => [.. Enumerable.Range(0, 200)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Any_sequence_of_events_keeps_the_laws(int seed)
    {
        var random = new Random(seed);
        var chunks = Chunk.Split(samples: random.Next(1, 40), chunkFrames: random.Next(1, 12));
        var (state, issued) = (new JobState(), new List<JobCommand>());
        for (var i = 0; i < 160; i++)
        {
            var before = state;
            (state, var commands) = JobMachine.Step(state, Draw(random, chunks, state));
            if (before.IsOver)
            {
                Assert.Same(before, state);
                Assert.Empty(commands);
            }
            issued.AddRange(commands);
            CheckLaws(state, issued);
        }
        (state, var last) = JobMachine.Step(state, new JobEvent.CancelRequested());
        issued.AddRange(last);
        Assert.True(state.IsOver);
        Assert.Single(issued.OfType<JobCommand.Finish>());
    }

    [Fact]
    public void The_random_sequences_reach_every_phase()
    {
        var reached = new HashSet<JobPhase>();
        foreach (var seed in Enumerable.Range(0, 200))
        {
            var random = new Random(seed);
            var chunks = Chunk.Split(samples: random.Next(1, 40), chunkFrames: random.Next(1, 12));
            var state = new JobState();
            for (var i = 0; i < 160; i++)
                reached.Add((state = JobMachine.Step(state, Draw(random, chunks, state)).State).Phase);
        }
        Assert.Superset(Enum.GetValues<JobPhase>().ToHashSet(), reached.Append(JobPhase.Submitted).ToHashSet());
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Repeated_and_reordered_chunks_give_the_same_state(int seed)
    {
        var random = new Random(seed);
        var encoding = Encoding(chunkCount: random.Next(1, 9));
        var events = encoding.Chunks.Select(c => new JobEvent.ChunkEncoded(c.Index, random.Next(3))).ToArray();
        var reference = Run(encoding, events);

        var shuffled = events.Concat(events.Where(_ => random.Next(2) == 0)).ToArray();
        random.Shuffle(shuffled);
        var other = Run(encoding, shuffled);

        Assert.Equal(reference.State.Phase, other.State.Phase);
        Assert.Equal(reference.State.Encoded, other.State.Encoded);
        Assert.Equal(reference.State.MissingSamples, other.State.MissingSamples);
        Assert.Equal(reference.Commands.ToHashSet(), other.Commands.ToHashSet());
        Assert.Equal(JobMachine.Outstanding(reference.State), JobMachine.Outstanding(other.State));
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void A_host_that_does_what_is_outstanding_in_any_order_ends_the_job(int seed)
    {
        var random = new Random(seed);
        var chunks = Chunk.Split(samples: random.Next(1, 40), chunkFrames: random.Next(1, 12));
        var state = JobMachine.Step(new JobState(), new JobEvent.Accepted()).State;
        while (!state.IsOver)
        {
            var outstanding = JobMachine.Outstanding(state);
            Assert.NotEmpty(outstanding);
            var next = JobMachine.Step(state, Done(outstanding[random.Next(outstanding.Count)], chunks, random)).State;
            Assert.NotEqual(state, next);
            state = next;
        }
        Assert.Equal(JobPhase.Completed, state.Phase);
        Assert.Equal([new JobCommand.Finish()], JobMachine.Outstanding(state));
    }

    [Fact]
    public void A_summary_waits_for_the_chunks_before_it_and_counts_the_frames_that_are_there()
    {
        var (state, commands) = Run(Encoding(chunkCount: 4), new JobEvent.ChunkEncoded(3), new JobEvent.ChunkEncoded(1, MissingSamples: 2));
        Assert.Empty(commands);
        (state, var more) = JobMachine.Step(state, new JobEvent.ChunkEncoded(0, MissingSamples: 1));
        Assert.Equal([new JobCommand.SummariseChunk(0, 0, null)], more);
        Assert.Equal([new JobCommand.SummariseChunk(2, 1, 0), new JobCommand.SummariseChunk(3, 3, 2)],
            JobMachine.Step(state, new JobEvent.ChunkEncoded(2)).Commands);
    }

    [Fact]
    public void The_straight_road_issues_each_command_once_and_in_order()
    {
        var (state, commands) = Run(new JobState(), Road());
        Assert.Equal(JobPhase.Completed, state.Phase);
        Assert.Equal(1, state.MissingSamples);
        Assert.Equal(
            [
                new JobCommand.Probe(), .. Chunk.Split(5, 2).Select(chunk => new JobCommand.EncodeChunk(chunk)),
                new JobCommand.SummariseChunk(0, 0, null), new JobCommand.SummariseChunk(1, 2, 0), new JobCommand.Plan(),
                new JobCommand.ApplyPiece(1, new FrameRange(3, 1)), new JobCommand.ApplyPiece(0, new FrameRange(0, 3)),
                new JobCommand.Answer(), new JobCommand.Finish(),
            ], commands);
    }

    [Fact]
    public void Every_event_twice_issues_the_same_commands_as_once() =>
        Assert.Equal(Run(new JobState(), Road()).Commands, Run(new JobState(), [.. Road().SelectMany(e => new[] { e, e })]).Commands);

    [Theory]
    [InlineData(-1)]
    [InlineData(3)]
    [InlineData(int.MaxValue)]
    [InlineData(int.MinValue)]
    public void A_chunk_out_of_range_changes_nothing(int index)
    {
        var before = Encoding(chunkCount: 3);
        var (after, commands) = JobMachine.Step(before, new JobEvent.ChunkEncoded(index, 7));
        Assert.Same(before, after);
        Assert.Empty(commands);
    }

    [Fact]
    public void The_answer_waits_for_the_last_piece()
    {
        var state = Run(new JobState(), Road()[..^3]).State;
        (state, var commands) = JobMachine.Step(state, new JobEvent.PieceApplied(1));
        Assert.Empty(commands);
        Assert.Equal([new JobCommand.Answer()], JobMachine.Step(state, new JobEvent.PieceApplied(0)).Commands);
    }

    [Fact]
    public void A_video_without_a_chunk_fails_in_place_of_waiting_for_ever()
    {
        var (state, commands) = Run(new JobState(), new JobEvent.Accepted(), new JobEvent.Probed([]));
        Assert.Equal(JobPhase.Failed, state.Phase);
        Assert.True(state.Fault!.IsUsersMistake);
        Assert.IsType<JobCommand.Finish>(commands[^1]);
    }

    [Fact]
    public void A_failure_keeps_its_first_reason()
    {
        var (state, _) = Run(Encoding(2), new JobEvent.StageFailed(s_fault),
            new JobEvent.StageFailed(s_fault with { Reason = "Later." }), new JobEvent.CancelRequested());
        Assert.Equal(JobPhase.Failed, state.Phase);
        Assert.Equal(s_fault, state.Fault);
    }

    private static JobState Encoding(int chunkCount) =>
        Run(new JobState(), new JobEvent.Accepted(), new JobEvent.Probed([.. Chunk.Split(chunkCount * 2, 2)])).State;

    private static (JobState State, ImmutableList<JobCommand> Commands) Run(JobState state, params JobEvent[] events)
    {
        var commands = ImmutableList<JobCommand>.Empty;
        foreach (var happened in events)
        {
            (state, var next) = JobMachine.Step(state, happened);
            commands = commands.AddRange(next);
        }
        return (state, commands);
    }

    // Five samples in three chunks, of which the last cannot be decoded, and two pieces.
    private static JobEvent[] Road() =>
    [
        new JobEvent.Accepted(), new JobEvent.Probed([.. Chunk.Split(5, 2)]), new JobEvent.ChunkEncoded(0), new JobEvent.ChunkSummarised(0),
        new JobEvent.ChunkEncoded(1), new JobEvent.ChunkEncoded(2, MissingSamples: 1), new JobEvent.ChunkSummarised(1),
        new JobEvent.Planned([new FrameRange(0, 3), new FrameRange(3, 1)]), new JobEvent.PieceApplied(0), new JobEvent.PieceApplied(1),
        new JobEvent.Answered(),
    ];

    private static JobEvent Done(JobCommand command, IReadOnlyList<Chunk> chunks, Random random) => command switch
    {
        JobCommand.Probe => new JobEvent.Probed([.. chunks]),
        JobCommand.EncodeChunk encode => new JobEvent.ChunkEncoded(encode.Chunk.Index, random.Next(2)),
        JobCommand.SummariseChunk summarise => new JobEvent.ChunkSummarised(summarise.Index),
        JobCommand.Plan => new JobEvent.Planned([new FrameRange(0, 1), new FrameRange(1, 2)]),
        JobCommand.ApplyPiece apply => new JobEvent.PieceApplied(apply.Index),
        _ => new JobEvent.Answered(),
    };

    // Now and then what the state waits for, so that the random walks get through.
    private static JobEvent Draw(Random random, IReadOnlyList<Chunk> chunks, JobState state) => random.Next(100) switch
    {
        < 8 => new JobEvent.Accepted(),
        < 14 => new JobEvent.Probed([.. chunks]),
        < 40 => new JobEvent.ChunkEncoded(random.Next(-1, chunks.Count + 1), random.Next(3)),
        < 50 => new JobEvent.ChunkSummarised(random.Next(-1, chunks.Count + 1)),
        < 54 => new JobEvent.Planned([new FrameRange(0, 1), new FrameRange(1, 1)]),
        < 58 => new JobEvent.PieceApplied(random.Next(-1, 3)),
        < 97 when !state.IsOver && JobMachine.Outstanding(state) is { Count: > 0 } outstanding => Done(outstanding[0], chunks, random),
        < 97 => new JobEvent.Answered(),
        < 99 => new JobEvent.StageFailed(s_fault),
        _ => new JobEvent.CancelRequested(),
    };

    private static void CheckLaws(JobState state, List<JobCommand> issued)
    {
        Assert.Equal(state.IsOver ? 1 : 0, issued.OfType<JobCommand.Finish>().Count());
        Assert.Equal(issued.Count, issued.Distinct().Count());
        Assert.True(state.Encoded.Keys.All(index => index < state.Chunks.Length));
        Assert.Equal(state.Chunks.Select(chunk => new JobCommand.EncodeChunk(chunk)), issued.OfType<JobCommand.EncodeChunk>());
        if (issued.OfType<JobCommand.Plan>().Any())
        {
            Assert.Equal(state.Chunks.Length, state.Encoded.Count);
            Assert.Equal(state.Encoded.Where(chunk => chunk.Value > 0).Select(chunk => chunk.Key).ToHashSet(), state.Summarised);
        }
        if (issued.OfType<JobCommand.Answer>().Any())
            Assert.Equal(state.Pieces.Length, state.Applied.Count);
        Assert.Equal(state.Phase == JobPhase.Failed, state.Fault is not null);
        if (state.Phase == JobPhase.Completed)
            Assert.Equal(issued.Count - 1, issued.IndexOf(new JobCommand.Finish()));
    }
}
