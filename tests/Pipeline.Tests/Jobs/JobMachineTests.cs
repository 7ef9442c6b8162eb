using System.Collections.Immutable;
using HieraVid.Pipeline.Jobs;

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
        for (var i = 0; i < 80; i++)
        {
            var before = state;
            (state, var commands) = JobMachine.Step(state, Draw(random, chunks));
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
            for (var i = 0; i < 80; i++)
                reached.Add((state = JobMachine.Step(state, Draw(random, chunks)).State).Phase);
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

        Assert.Equal(JobPhase.Prefilling, reference.State.Phase);
        Assert.Equal(reference.State.Phase, other.State.Phase);
        Assert.True(reference.State.Encoded.SetEquals(other.State.Encoded));
        Assert.Equal(reference.State.MissingSamples, other.State.MissingSamples);
        Assert.Equal(reference.Commands, other.Commands);
    }

    [Fact]
    public void The_straight_road_issues_each_command_once_and_in_order()
    {
        var chunks = Chunk.Split(5, 2);
        var (state, commands) = Run(new JobState(),
            new JobEvent.Accepted(), new JobEvent.Probed([.. chunks]), new JobEvent.ChunkEncoded(0), new JobEvent.ChunkEncoded(1),
            new JobEvent.ChunkEncoded(2, MissingSamples: 1), new JobEvent.Prefilled(), new JobEvent.Answered());
        Assert.Equal(JobPhase.Completed, state.Phase);
        Assert.Equal(1, state.MissingSamples);
        Assert.Equal(
            [
                new JobCommand.Probe(), .. chunks.Select(chunk => new JobCommand.EncodeChunk(chunk)), new JobCommand.Prefill(),
                new JobCommand.Generate(), new JobCommand.Finish(),
            ], commands);
    }

    [Fact]
    public void Every_event_twice_issues_the_same_commands_as_once()
    {
        JobEvent[] events = [new JobEvent.Accepted(), new JobEvent.Probed([.. Chunk.Split(5, 2)]), new JobEvent.ChunkEncoded(0),
            new JobEvent.ChunkEncoded(1), new JobEvent.ChunkEncoded(2), new JobEvent.Prefilled(), new JobEvent.Answered()];
        Assert.Equal(Run(new JobState(), events).Commands, Run(new JobState(), [.. events.SelectMany(e => new[] { e, e })]).Commands);
    }

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
    public void The_prefill_waits_for_the_last_chunk()
    {
        var state = Encoding(chunkCount: 4);
        foreach (var index in new[] { 3, 0, 2 })
        {
            (state, var commands) = JobMachine.Step(state, new JobEvent.ChunkEncoded(index));
            Assert.Empty(commands);
            Assert.Equal(JobPhase.Encoding, state.Phase);
        }
        Assert.Equal([new JobCommand.Prefill()], JobMachine.Step(state, new JobEvent.ChunkEncoded(1)).Commands);
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

    private static JobEvent Draw(Random random, IReadOnlyList<Chunk> chunks) => random.Next(100) switch
    {
        < 12 => new JobEvent.Accepted(),
        < 24 => new JobEvent.Probed([.. chunks]),
        < 80 => new JobEvent.ChunkEncoded(random.Next(-1, chunks.Count + 1), random.Next(3)),
        < 89 => new JobEvent.Prefilled(),
        < 97 => new JobEvent.Answered(),
        < 99 => new JobEvent.StageFailed(s_fault),
        _ => new JobEvent.CancelRequested(),
    };

    private static void CheckLaws(JobState state, List<JobCommand> issued)
    {
        Assert.Equal(state.IsOver ? 1 : 0, issued.OfType<JobCommand.Finish>().Count());
        Assert.Equal(issued.Count, issued.Distinct().Count());
        Assert.True(state.Encoded.IsSubsetOf(state.Chunks.Select(chunk => chunk.Index)));
        Assert.Equal(state.Chunks.Select(chunk => new JobCommand.EncodeChunk(chunk)), issued.OfType<JobCommand.EncodeChunk>());
        if (issued.OfType<JobCommand.Prefill>().Any())
            Assert.Equal(state.Chunks.Length, state.Encoded.Count);
        Assert.Equal(state.Phase == JobPhase.Failed, state.Fault is not null);
        if (state.Phase == JobPhase.Completed)
            Assert.Equal(issued.Count - 1, issued.IndexOf(new JobCommand.Finish()));
    }
}
