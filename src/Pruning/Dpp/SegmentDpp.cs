using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace HieraVid.Pruning.Dpp;

/// <summary>
/// Which tokens of a segment to keep: exact greedy MAP inference of a determinantal point process (HieraVid, Eqs. 6-10).
/// The kernel is L_ij = ρ_i·ρ_j·cos(x_i, x_j): relevant tokens that are unlike those already kept come first.
/// </summary>
public static class SegmentDpp
{
    // Segments above this many multiply-adds are worth sharing their work among the threads; the others go one per thread.
    private const double LargeWork = 2e9;

    /// <summary>
    /// Selects from each segment; segments may belong to different videos. All arithmetic is in float32, and the result
    /// depends neither on the number of threads nor on the other segments in the list.
    /// </summary>
    /// <param name="features">[n, D]: one row per token, any float type, any device.</param>
    /// <param name="relevance">[n]: ρ of each token.</param>
    /// <param name="segments">Rows and number to keep of each segment.</param>
    /// <returns>For each segment its selection, in order of selection.</returns>
    /// <exception cref="ArgumentException">
    /// Features that are not [n, D], a relevance of another length, or a segment whose rows are not ascending rows of the
    /// features or that is to keep more than it has.
    /// </exception>
    public static IReadOnlyList<DppSelection> Select(
        Tensor features, ReadOnlySpan<float> relevance, IReadOnlyList<DppSegment> segments)
    {
        ArgumentNullException.ThrowIfNull(segments);
        Check(features, relevance.Length, segments);
        using var scope = NewDisposeScope();
        using var gradients = no_grad();
        // Selection is a chain of k dependent decisions of little work each, and its products must not depend on how a library
        // cuts them: features on another device come to the CPU (54 MB for 3,785 tokens). A batched GPU version is not
        // written: there was none to prove it on.
        var rows = features.to(ScalarType.Float32).cpu().contiguous();
        return SelectRows(rows, relevance.ToArray(), segments, Math.Max(1, get_num_threads()));
    }

    private static unsafe DppSelection[] SelectRows(
        Tensor rows, float[] relevance, IReadOnlyList<DppSegment> segments, int threads)
    {
        var selections = new DppSelection[segments.Count];
        if (relevance.Length == 0 || rows.shape[1] == 0)
        {
            for (var s = 0; s < selections.Length; s++)
                selections[s] = Run(null, 0, relevance, segments[s], 1);
            return selections;
        }
        var dimension = (int)rows.shape[1];
        // A span ends at 2 GiB, the rows need not: only the address of the first one is taken from it.
        var data = (float*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(rows.narrow(0, 0, 1).bytes));
        var order = Enumerable.Range(0, segments.Count).OrderByDescending(s => Work(segments[s], dimension)).ToArray();
        var large = order.TakeWhile(s => Work(segments[s], dimension) > LargeWork).ToArray();
        // Enough large ones to keep every thread busy with its own need not share.
        if (large.Length >= 4 * threads)
            large = [];
        foreach (var s in large)
            selections[s] = Run(data, dimension, relevance, segments[s], threads);
        var rest = order[large.Length..];
        Workers.For(rest.Length, threads, double.PositiveInfinity,
            i => selections[rest[i]] = Run(data, dimension, relevance, segments[rest[i]], 1));
        return selections;
    }

    private static unsafe DppSelection Run(float* data, int dimension, float[] relevance, DppSegment segment, int threads)
    {
        using var greedy = new GreedySegment(data, dimension, relevance, segment, threads);
        return greedy.Run();
    }

    // Multiply-adds: the picked rows of the kernel, and of the factor.
    private static double Work(DppSegment segment, int dimension)
    {
        double n = segment.Members.Length, k = segment.Keep;
        return k * (n - k / 2) * dimension + k * k * (n / 2 - k / 3);
    }

    private static void Check(Tensor features, int count, IReadOnlyList<DppSegment> segments)
    {
        var shape = features.shape;
        if (shape.Length != 2)
            throw new ArgumentException($"Features are [n, D], not [{string.Join(", ", shape)}].", nameof(features));
        if (shape[0] != count)
            throw new ArgumentException($"{count} relevances do not fit {shape[0]} features.", nameof(features));
        for (var s = 0; s < segments.Count; s++)
        {
            var (members, keep) = segments[s];
            if (keep < 0 || keep > members.Length)
                throw new ArgumentException($"Segment {s} cannot keep {keep} of {members.Length} tokens.", nameof(segments));
            for (var i = 0; i < members.Length; i++)
                if (members[i] < 0 || members[i] >= count || (i > 0 && members[i] <= members[i - 1]))
                    throw new ArgumentException($"Segment {s} needs ascending rows below {count}.", nameof(segments));
        }
    }
}
