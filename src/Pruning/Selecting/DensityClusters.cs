using HieraVid.Torch;
using static TorchSharp.torch;

namespace HieraVid.Pruning;

/// <summary>Clusters around density peaks, "DPC-kNN" (baselines, section 0): PruneVid, HoliTom and FlashVID use it.</summary>
/// <param name="Centres">Rows of the centres, highest score first, [c].</param>
/// <param name="Labels">The place of each row's nearest centre in <paramref name="Centres"/>, [n].</param>
public sealed record DensityClusters(int[] Centres, int[] Labels)
{
    /// <summary>Finds the clusters.</summary>
    /// <param name="rows">[n, D].</param>
    /// <param name="count">c, at most n.</param>
    /// <param name="neighbours">k, clamped to n.</param>
    public static DensityClusters Of(Tensor rows, int count, int neighbours)
    {
        var n = (int)rows.shape[0];
        var distances = Distances(rows);
        var centres = Ranking.Top(Density.OfDistances(distances, n, neighbours).Score, count);
        var labels = new int[n];
        for (var i = 0; i < n; i++)
        {
            for (var c = 1; c < centres.Length; c++)
                labels[i] = distances[i * n + centres[c]] < distances[i * n + centres[labels[i]]] ? c : labels[i];
        }
        for (var c = 0; c < centres.Length; c++)
            labels[centres[c]] = c;
        return new DensityClusters(centres, labels);
    }

    // ‖x − y‖/√D, [n·n]. Float64 products stand in for sums of squared differences, which cost ten times as much.
    private static float[] Distances(Tensor rows)
    {
        using var scope = NewDisposeScope();
        var wide = rows.to(float64).contiguous();
        var (n, width) = ((int)wide.shape[0], wide.shape[1]);
        var products = wide.mm(wide.transpose(0, 1)).ToArray<double>();
        var distances = new float[n * n];
        for (var i = 0; i < n; i++)
        {
            for (var j = i + 1; j < n; j++)
            {
                var squared = products[i * n + i] + products[j * n + j] - 2 * products[i * n + j];
                var distance = double.IsNaN(squared) ? float.PositiveInfinity : (float)Math.Sqrt(Math.Max(0, squared) / width);
                distances[i * n + j] = distances[j * n + i] = distance;
            }
        }
        return distances;
    }
}
