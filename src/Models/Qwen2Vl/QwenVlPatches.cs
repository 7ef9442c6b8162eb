using static TorchSharp.torch;

namespace HieraVid.Models.Qwen2Vl;

/// <summary>
/// Frames as rows of patch values, in the order that puts the patches of one token next to each other (models.md, section 3).
/// </summary>
public static class QwenVlPatches
{
    /// <summary>Cuts frames into patches while they are still bytes.</summary>
    /// <param name="frames">[f, height, width, 3] uint8; the last frame of an odd number is taken twice.</param>
    /// <param name="tower">The tower.</param>
    /// <returns>[f / 2, patches, channel · time · row · column] uint8; patches in the order (row, column, row within, column within).</returns>
    public static Tensor Cut(Tensor frames, QwenVlVisionConfig tower)
    {
        using var scope = NewDisposeScope();
        var (patch, merge, pair) = (tower.PatchSize, tower.MergeSize, tower.FramesPerPatch);
        var (count, height, width) = (frames.shape[0], frames.shape[1], frames.shape[2]);
        if (count % pair != 0)
        {
            var last = frames.narrow(0, count - 1, 1);
            frames = cat([frames, .. Enumerable.Repeat(last, (int)(pair - count % pair))], 0);
        }
        var (rows, columns) = (height / patch / merge, width / patch / merge);
        return frames.reshape(frames.shape[0] / pair, pair, rows, merge, patch, columns, merge, patch, tower.ChannelCount)
            .permute(0, 2, 5, 3, 6, 8, 1, 4, 7)
            .reshape(-1, rows * columns * merge * merge, tower.PatchValues)
            .MoveToOuterDisposeScope();
    }

    /// <summary>Row and column, in patches, of each patch of one grid, in that order.</summary>
    /// <param name="rows">Rows of tokens.</param>
    /// <param name="columns">Tokens in a row.</param>
    /// <param name="merge">Patches along each side of a token.</param>
    public static (long[] Rows, long[] Columns) Places(int rows, int columns, int merge)
    {
        var count = rows * columns * merge * merge;
        var (row, column) = (new long[count], new long[count]);
        for (var i = 0; i < count; i++)
        {
            var (token, within) = (i / (merge * merge), i % (merge * merge));
            row[i] = token / columns * merge + within / merge;
            column[i] = token % columns * merge + within % merge;
        }
        return (row, column);
    }
}
