using System.Numerics;
using System.Runtime.CompilerServices;
using static TorchSharp.torch;

namespace HieraVid.Pruning;

// Its loops are compiled for speed at once: one job runs each a few times, long before the runtime would find out that it pays.
/// <summary>Density peaks among the candidates of one frame (FastVID, Eqs. 3-4; specification, B4).</summary>
/// <param name="Rho">ρ, how close a candidate's nearest neighbours are, [n].</param>
/// <param name="Delta">δ, the distance to the nearest denser candidate, [n].</param>
/// <param name="Score">ρ·δ, [n].</param>
public sealed record Density(float[] Rho, float[] Delta, float[] Score)
{
    /// <summary>Computes all three.</summary>
    /// <param name="candidates">[n, D].</param>
    /// <param name="neighbours">k, clamped to n.</param>
    public static Density Of(Tensor candidates, int neighbours) =>
        Of(candidates, Rows.Range((int)candidates.shape[0]), neighbours);

    /// <summary>Computes all three for some rows.</summary>
    /// <param name="tokens">[N, D].</param>
    /// <param name="candidates">Which, n of them.</param>
    /// <param name="neighbours">k, clamped to n.</param>
    public static Density Of(Tensor tokens, IReadOnlyList<int> candidates, int neighbours)
    {
        var count = candidates.Count;
        return OfDistances(Distances(RowProducts.Of(tokens, candidates), count, tokens.shape[1]), count, neighbours);
    }

    // ‖x − y‖/√D by ‖x‖² + ‖y‖² − 2x·y. NaN, which no comparison sees, becomes the greatest distance of all.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float[] Distances(float[] products, int count, long width)
    {
        var distances = new float[count * count];
        var squares = new float[count];
        for (var i = 0; i < count; i++)
            squares[i] = products[i * count + i];
        var scale = 1 / MathF.Sqrt(width);
        for (var i = 0; i < count; i++)
        {
            var own = products.AsSpan(i * count, count);
            var to = distances.AsSpan(i * count, count);
            var j = 0;
            for (; j + Vector<float>.Count <= count; j += Vector<float>.Count)
            {
                var squared = new Vector<float>(squares[i]) + new Vector<float>(squares, j) - 2 * new Vector<float>(own[j..]);
                var distance = Vector.SquareRoot(Vector.Max(Vector<float>.Zero, squared)) * scale;
                Vector.ConditionalSelect(Vector.Equals(squared, squared), distance, new Vector<float>(float.PositiveInfinity)).CopyTo(to[j..]);
            }
            for (; j < count; j++)
            {
                var squared = squares[i] + squares[j] - 2 * own[j];
                to[j] = float.IsNaN(squared) ? float.PositiveInfinity : MathF.Sqrt(Math.Max(0, squared)) * scale;
            }
            to[i] = 0;
        }
        return distances;
    }

    /// <summary>ρ, δ and score of points whose distances are known.</summary>
    /// <param name="distances">[n·n], symmetric, zero on the diagonal.</param>
    /// <param name="count">n.</param>
    /// <param name="neighbours">k, clamped to n.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
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
            var own = distances.AsSpan(i * count, count);
            // Of points as dense as this one, those before it count as denser. Infinity stands for none, and where a denser
            // point is infinitely far, so is the greatest distance.
            var least = Math.Min(
                LeastWhere(own[..i], rho.AsSpan(0, i), rho[i], equal: true),
                LeastWhere(own[(i + 1)..], rho.AsSpan(i + 1), rho[i], equal: false));
            delta[i] = float.IsPositiveInfinity(least) ? greatest : least;
            score[i] = rho[i] * delta[i];
        }
        return new Density(rho, delta, score);
    }

    // The least of the distances whose point is denser than ρ, or as dense where that counts.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float LeastWhere(ReadOnlySpan<float> distances, ReadOnlySpan<float> rho, float bound, bool equal)
    {
        var (least, limit, none) =
            (new Vector<float>(float.PositiveInfinity), new Vector<float>(bound), new Vector<float>(float.PositiveInfinity));
        var j = 0;
        for (; j + Vector<float>.Count <= rho.Length; j += Vector<float>.Count)
        {
            var other = new Vector<float>(rho[j..]);
            var denser = equal ? Vector.GreaterThanOrEqual(other, limit) : Vector.GreaterThan(other, limit);
            least = Vector.Min(least, Vector.ConditionalSelect(denser, new Vector<float>(distances[j..]), none));
        }
        var result = float.PositiveInfinity;
        for (var v = 0; v < Vector<float>.Count; v++)
            result = Math.Min(result, least[v]);
        for (; j < rho.Length; j++)
            if (rho[j] > bound || (equal && rho[j] == bound))
                result = Math.Min(result, distances[j]);
        return result;
    }

    // exp(−mean of the squares of the k smallest distances, its own 0 among them).
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
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
