using HieraVid.Pipeline.Jobs;
using HieraVid.Video;

namespace HieraVid.Pipeline.Tests.Jobs;

public class ChunkTests
{
    [Fact]
    public void Chunks_cover_every_sample_once_and_only_the_last_is_shorter()
    {
        for (var samples = 1; samples <= 200; samples++)
        {
            for (var most = 1; most <= 64; most++)
            {
                var chunks = Chunk.Split(samples, most);
                var next = 0;
                for (var i = 0; i < chunks.Count; i++)
                {
                    Assert.Equal(new Chunk(i, next, i + 1 < chunks.Count ? most : samples - next), chunks[i]);
                    Assert.InRange(chunks[i].Count, 1, most);
                    next += chunks[i].Count;
                }
                Assert.Equal(samples, next);
            }
        }
    }

    [Fact]
    public void Nothing_is_cut_into_nothing() => Assert.Empty(Chunk.Split(0, 64));

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(64)]
    public void The_parts_of_a_plan_put_together_are_the_plan(int most)
    {
        int[] frames = [.. Enumerable.Range(0, 71).Select(i => i * 3)];
        var plan = new SamplingPlan(frames, [.. frames.Select(i => i / 10.0)], "a rule") { TimeInstruction = "a sentence" };
        var parts = Chunk.Split(plan.Count, most).Select(chunk => chunk.Of(plan)).ToList();
        Assert.Equal(plan.FrameIndices, parts.SelectMany(part => part.FrameIndices));
        Assert.Equal(plan.TimesSeconds, parts.SelectMany(part => part.TimesSeconds));
        Assert.All(parts, part => Assert.Equal((plan.ChosenBy, plan.TimeInstruction), (part.ChosenBy, part.TimeInstruction)));
    }
}
