using static TorchSharp.torch;

namespace HieraVid.Pruning;

/// <summary>Density peaks among the candidates of one frame (FastVID, Eqs. 3-4; specification, B4).</summary>
/// <param name="Rho">ρ, how close a candidate's nearest neighbours are, [n].</param>
/// <param name="Delta">δ, the distance to the nearest denser candidate, [n].</param>
/// <param name="Score">ρ·δ, [n].</param>
public sealed record Density(float[] Rho, float[] Delta, float[] Score)
{
    /// <summary>Computes all three.</summary>
    /// <param name="candidates">[n, D].</param>
    /// <param name="neighbours">k, clamped to n.</param>
    public static Density Of(Tensor candidates, int neighbours)
    {
        using var scope = NewDisposeScope();
        var rows = candidates.to(float32).contiguous();
        var count = (int)rows.shape[0];
        var products = RowProducts.Of(rows, rows);
        return OfDistances(Distances(products, count, rows.shape[1]), count, neighbours);
    }

    // ‖x − y‖/√D by ‖x‖² + ‖y‖² − 2x·y. NaN, which no comparison sees, becomes the greatest distance of all.
    private static float[] Distances(float[] products, int count, long width)
    {
        var distances = new float[count * count];
        var scale = 1 / MathF.Sqrt(width);
        for (var i = 0; i < count; i++)
        {
            for (var j = i + 1; j < count; j++)
            {
                var squared = products[i * count + i] + products[j * count + j] - 2 * products[i * count + j];
                var distance = float.IsNaN(squared) ? float.PositiveInfinity : MathF.Sqrt(Math.Max(0, squared)) * scale;
                distances[i * count + j] = distances[j * count + i] = distance;
            }
        }
        return distances;
    }

    /// <summary>ρ, δ and score of points whose distances are known.</summary>
    /// <param name="distances">[n·n], symmetric, zero on the diagonal.</param>
    /// <param name="count">n.</param>
    /// <param name="neighbours">k, clamped to n.</param>
    internal static Density OfDistances(float[] distances, int count, int neighbours)
    {
        var rho = new float[count];
        var nearest = new float[Math.Min(neighbours, count)];
        for (var i = 0; i < count; i++)
            rho[i] = RhoOf(distances.AsSpan(i * count, count), nearest);
        var greatest = 0f;
        foreach (var distance in distances)
            greatest = Math.Max(greatest, distance);
        var (delta, score) = (new float[count], new float[count]);
        for (var i = 0; i < count; i++)
        {
            delta[i] = float.PositiveInfinity;
            var isDensest = true;
            for (var j = 0; j < count; j++)
            {
                if (!(rho[j] > rho[i] || (rho[j] == rho[i] && j < i)))
                    continue;
                isDensest = false;
                delta[i] = Math.Min(delta[i], distances[i * count + j]);
            }
            delta[i] = isDensest ? greatest : delta[i];
            score[i] = rho[i] * delta[i];
        }
        return new Density(rho, delta, score);
    }

    // exp(−mean of the squares of the k smallest distances, its own 0 among them).
    private static float RhoOf(ReadOnlySpan<float> distances, float[] nearest)
    {
        Array.Fill(nearest, float.PositiveInfinity);
        foreach (var distance in distances)
        {
            if (distance >= nearest[^1])
                continue;
            var at = nearest.Length - 1;
            for (; at > 0 && nearest[at - 1] > distance; at--)
                nearest[at] = nearest[at - 1];
            nearest[at] = distance;
        }
        var sum = 0f;
        foreach (var distance in nearest)
            sum += distance * distance;
        return MathF.Exp(-sum / nearest.Length);
    }
}
