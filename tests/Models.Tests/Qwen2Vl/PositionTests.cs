using HieraVid.Models.Checkpoints;
using HieraVid.Models.Qwen2;
using HieraVid.Models.Qwen2Vl;

namespace HieraVid.Models.Tests.Qwen2Vl;

public sealed class PositionTests
{
    [Fact]
    public void Text_counts_up_and_a_grid_takes_as_many_places_as_its_longest_side()
    {
        var ids = new PromptPositions().Text(2).Video(GridPositions.Counted(2, 2, 3), Enumerable.Range(0, 12)).Text(2).Build();
        Assert.Equal([0, 1, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 5, 6], ids.Temporal);
        Assert.Equal([0, 1, 2, 2, 2, 3, 3, 3, 2, 2, 2, 3, 3, 3, 5, 6], ids.Height);
        Assert.Equal([0, 1, 2, 3, 4, 2, 3, 4, 2, 3, 4, 2, 3, 4, 5, 6], ids.Width);
        Assert.Equal(7, ids.Next);
    }

    [Fact]
    public void Pruning_changes_the_position_of_no_token_that_stays()
    {
        var random = new Random(2);
        for (var round = 0; round < 50; round++)
        {
            var (steps, rows, columns) = (random.Next(1, 6), random.Next(1, 7), random.Next(1, 7));
            var (before, after, tokens) = (random.Next(0, 5), random.Next(1, 5), steps * rows * columns);
            var kept = Enumerable.Range(0, tokens).Where(_ => random.Next(3) == 0).ToList();
            var grid = GridPositions.Counted(steps, rows, columns);
            PositionIds Of(IEnumerable<int> some) => new PromptPositions().Text(before).Video(grid, some).Text(after).Build();
            var whole = Of(Enumerable.Range(0, tokens));
            long[] remaining =
            [
                .. Enumerable.Range(0, before).Select(i => (long)i), .. kept.Select(i => (long)(before + i)),
                .. Enumerable.Range(before + tokens, after).Select(i => (long)i),
            ];
            var (expected, actual) = (whole.Keep(remaining), Of(kept));
            for (var axis = 0; axis < 3; axis++)
                Assert.Equal(expected.Axis(axis), actual.Axis(axis));
            Assert.Equal(whole.Next, actual.Next);
        }
    }

    [Fact]
    public void The_newer_familys_time_is_counted_in_seconds()
    {
        var config = (QwenVlConfig)CheckpointPreset.LargeQwen25Vl.Config;
        Assert.Equal([0, 2, 4, 6], config.Positions(4, 1, 1, secondsPerStep: 1).Temporal);
        Assert.Equal([0, 1, 3, 5, 6], config.Positions(5, 1, 1, secondsPerStep: 0.85).Temporal);
        Assert.Equal([0, 1, 2], ((QwenVlConfig)CheckpointPreset.LargeQwen2Vl.Config).Positions(3, 1, 1, secondsPerStep: 7).Temporal);
    }
}
