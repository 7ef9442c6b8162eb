using System.Text;
using System.Text.Json;
using HieraVid.Pipeline.Jobs;
using HieraVid.Pipeline.Tokens;
using HieraVid.Pruning;

namespace HieraVid.Pipeline.Tests.Stages;

/// <summary>What crosses the borders of processes comes out with the same bits.</summary>
public class ExactJsonTests
{
    [Fact]
    public void Summaries_come_back_as_their_own_type_with_every_bit()
    {
        var random = new Random(1);
        float[] odd = [float.NaN, -0f, float.Epsilon, float.MaxValue, float.NegativeInfinity, 0.1f];
        var summary = new HieraVidSummary(3, 2, 3, 4, odd, [.. Enumerable.Range(0, 8).Select(_ => BitConverter.Int64BitsToDouble(random.NextInt64()))], null);
        var read = Assert.IsType<HieraVidSummary>(ExactJson.Read<ChunkSummary>(ExactJson.Write<ChunkSummary>(summary)));
        Assert.Equal(odd.Select(BitConverter.SingleToUInt32Bits), read.Similarity.Select(BitConverter.SingleToUInt32Bits));
        Assert.Equal(summary.FrameSums.Select(BitConverter.DoubleToUInt64Bits), read.FrameSums.Select(BitConverter.DoubleToUInt64Bits));
        Assert.Equal((3, 2, 3, 4, null), (read.FirstFrame, read.FrameCount, read.Positions, read.Width, read.LastToken));
    }

    [Fact]
    public void A_plan_keeps_its_pieces_its_room_and_its_merges()
    {
        var merge = new MergeSelection(float.PositiveInfinity, -1, 0, [true, false, true]);
        var plan = new HieraVidPlan(new VideoShape(3, 1, 2), HieraVidOptions.Default with { Beta = 0.1 + 0.2 }, PruningSchedule.ForBudget(0.3, 28),
            [0, 0.5f, 1], [0, 0, 1], [new Segment(0, 0, 1, 1.0 / 3, -0.1f)], merge, [2, 1])
        {
            Pieces = [new FrameRange(0, 2), new FrameRange(2, 1)],
            Room = 77,
        };
        var read = Assert.IsType<HieraVidPlan>(ExactJson.Read<PruningPlan>(ExactJson.Write<PruningPlan>(plan)));
        Assert.Equivalent(plan, read, strict: true);
        Assert.Equal(plan.Segments, read.Segments);
        // Whoever writes it again writes the same bytes: the digest names what was made by it.
        Assert.Equal(ExactJson.Write<PruningPlan>(plan), ExactJson.Write<PruningPlan>(read));
    }

    [Fact]
    public void A_jobs_state_comes_back_whole()
    {
        var state = JobMachine.Step(new JobState(), new JobEvent.Accepted()).State;
        state = JobMachine.Step(state, new JobEvent.Probed([.. Chunk.Split(5, 2)])).State;
        state = JobMachine.Step(state, new JobEvent.ChunkEncoded(1, 1)).State;
        var read = ExactJson.Read<JobState>(ExactJson.Write(state));
        Assert.Equal(JobMachine.Outstanding(state), JobMachine.Outstanding(read));
        Assert.Equal((state.Phase, 1), (read.Phase, read.MissingSamples));
    }

    [Fact]
    public void Only_types_that_were_asked_for_are_made()
    {
        var json = Encoding.UTF8.GetString(ExactJson.Write(new FrameRange(1, 2)));
        Assert.Throws<JsonException>(() => ExactJson.Read<ChunkSummary>(Encoding.UTF8.GetBytes(json)));
        Assert.Throws<JsonException>(() => ExactJson.Read<ChunkSummary>(Encoding.UTF8.GetBytes(json.Replace("HieraVid.Pruning.FrameRange", "System.Diagnostics.Process", StringComparison.Ordinal))));
    }
}
