using System.Numerics;
using System.Runtime.InteropServices;
using HieraVid.Torch;
using static TorchSharp.torch;

namespace HieraVid.Pruning;

/// <summary>
/// Means of runs that lie in one chunk, on the CPU: the same numbers as by <see cref="OrderFreeSum"/>, bit for bit, without
/// its ten tensors per term.
/// </summary>
internal static class RunMeans
{
    /// <summary>The means, [runs, D] in float32, owned by the caller's dispose scope.</summary>
    /// <param name="rows">The chunk's tokens, [f·P, D], contiguous float32 on the CPU.</param>
    /// <param name="runs">Of more than one token each.</param>
    /// <param name="positions">P, rows from one token of a run to the next.</param>
    /// <param name="threads">The most threads to use.</param>
    internal static Tensor Of(Tensor rows, IReadOnlyList<MergeRun> runs, int positions, int threads)
    {
        var width = (int)rows.shape[1];
        var means = new float[runs.Count * width];
        var work = 8.0 * width * runs.Sum(run => run.Length);
        Dpp.Workers.For(runs.Count, threads, work, i =>
        {
            var values = MemoryMarshal.Cast<byte, float>(rows.bytes);
            Mean(values, runs[i], positions, width, means.AsSpan(i * width, width));
        });
        return TensorData.From<float>(means, runs.Count, width);
    }

    private static void Mean(ReadOnlySpan<float> values, MergeRun run, int positions, int width, Span<float> mean)
    {
        var step = Vector<float>.Count;
        var d = 0;
        for (; d + step <= width; d += step)
        {
            Vector.Widen(new Vector<float>(values[(run.Row * width + d)..]), out var high0, out var high1);
            var (low0, low1) = (Vector<double>.Zero, Vector<double>.Zero);
            for (var j = 1; j < run.Length; j++)
            {
                Vector.Widen(new Vector<float>(values[((run.Row + j * positions) * width + d)..]), out var term0, out var term1);
                (high0, low0) = Add(high0, low0, term0);
                (high1, low1) = Add(high1, low1, term1);
            }
            var count = new Vector<double>(run.Length);
            Vector.Narrow(high0 / count, high1 / count).CopyTo(mean[d..]);
        }
        for (; d < width; d++)
        {
            var (high, low) = ((double)values[run.Row * width + d], 0.0);
            for (var j = 1; j < run.Length; j++)
                (high, low) = Add(high, low, values[(run.Row + j * positions) * width + d]);
            mean[d] = (float)(high / run.Length);
        }
    }

    // One step of OrderFreeSum: Knuth's error-free sum, the error carried along and folded back.
    private static (Vector<double> High, Vector<double> Low) Add(Vector<double> high, Vector<double> low, Vector<double> term)
    {
        var sum = high + term;
        var other = sum - high;
        var error = high - (sum - other) + (term - other) + low;
        var rounded = sum + error;
        return (rounded, error - (rounded - sum));
    }

    private static (double High, double Low) Add(double high, double low, double term)
    {
        var sum = high + term;
        var other = sum - high;
        var error = high - (sum - other) + (term - other) + low;
        var rounded = sum + error;
        return (rounded, error - (rounded - sum));
    }
}
