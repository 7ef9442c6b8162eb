using HieraVid.Models.Qwen2;
using HieraVid.Torch;
using static TorchSharp.torch;

namespace HieraVid.Models.Qwen2Vl;

/// <summary>The towers' rotation by row and column of a patch (models.md, section 9).</summary>
public static class VisionRotary
{
    private const double Theta = 10000;

    /// <summary>Angles of one grid: the first half of the frequencies turns by row, the second by column.</summary>
    /// <param name="grid">The grid.</param>
    /// <param name="tower">The tower.</param>
    /// <returns>[patches · d/2], row-major.</returns>
    public static float[] Angles(FrameGrid grid, QwenVlVisionConfig tower)
    {
        var quarter = tower.HeadSize / 4;
        var inverse = Enumerable.Range(0, quarter)
            .Select(j => 1f / (float)Math.Pow(Theta, (float)(2 * j) / (2 * quarter))).ToArray();
        var (rows, columns) = QwenVlPatches.Places(grid.Rows, grid.Columns, tower.MergeSize);
        var angles = new float[rows.Length * 2 * quarter];
        for (var i = 0; i < rows.Length; i++)
        {
            for (var j = 0; j < quarter; j++)
            {
                angles[i * 2 * quarter + j] = rows[i] * inverse[j];
                angles[(i * 2 + 1) * quarter + j] = columns[i] * inverse[j];
            }
        }
        return angles;
    }

    /// <summary>Cosines and sines for so many grids one after the other.</summary>
    /// <param name="grid">The grid.</param>
    /// <param name="steps">Grids.</param>
    /// <param name="tower">The tower.</param>
    /// <param name="compute">The device.</param>
    internal static RotaryTable Table(FrameGrid grid, long steps, QwenVlVisionConfig tower, Compute compute)
    {
        using var scope = NewDisposeScope();
        var angles = Angles(grid, tower);
        long half = tower.HeadSize / 2, patches = angles.Length / half;
        Tensor Of(Func<float, float> f) => TensorData.From<float>([.. angles.Select(f)], 1, patches, 1, half)
            .expand(steps, patches, 1, half).reshape(steps * patches, 1, half).to(compute.Device).MoveToOuterDisposeScope();
        return new RotaryTable(Of(MathF.Cos), Of(MathF.Sin));
    }
}
