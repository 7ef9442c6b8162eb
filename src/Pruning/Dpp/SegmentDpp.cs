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
    /// Selects from each segment. All arithmetic is in float32, and the result depends neither on the number of threads nor on
    /// the other segments in the list. Memory: <see cref="WorkingBytes"/> for each segment that is worked on at a time, at
    /// most as many as there are threads.
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
        Tensor features, ReadOnlySpan<float> relevance, IReadOnlyList<DppSegment> segments) =>
        Select([new DppJob(features, relevance.ToArray(), segments)])[0];

    /// <summary>
    /// The same for several jobs over one set of workers: many short segments fill all cores, whichever job they are of, and
    /// each selection is the one that its job alone would get, bit for bit.
    /// </summary>
    /// <param name="jobs">Features, relevance and segments of each.</param>
    /// <returns>For each job the selection of each of its segments.</returns>
    /// <exception cref="ArgumentException">As above, for any of the jobs.</exception>
    public static IReadOnlyList<IReadOnlyList<DppSelection>> Select(IReadOnlyList<DppJob> jobs)
    {
        ArgumentNullException.ThrowIfNull(jobs);
        foreach (var job in jobs)
            Check(job.Features, job.Relevance.Length, job.Segments);
        using var scope = NewDisposeScope();
        using var gradients = no_grad();
        var results = jobs.Select(job => new DppSelection[job.Segments.Count]).ToArray();
        var tasks = new List<SegmentTask>();
        for (var j = 0; j < jobs.Count; j++)
        {
            var rows = new FeatureRows(jobs[j].Features);
            for (var s = 0; s < jobs[j].Segments.Count; s++)
                tasks.Add(new SegmentTask(rows, jobs[j].Relevance, jobs[j].Segments[s], results[j], s));
        }
        Run([.. tasks.OrderByDescending(task => task.Work)], Math.Max(1, get_num_threads()));
        return results;
    }

    /// <summary>
    /// The most bytes that selecting from one segment takes beside its features: 4·n·(D + min(k, D)) for the tokens' vectors and
    /// their part of the Cholesky factor, which has no more than D columns however many tokens are kept; rows of the kernel,
    /// at most 64 MB or 50 of them, whichever is more, and 82 for work in progress; 64 bytes of bookkeeping per token. There is
    /// no n × n kernel, nor a k × n factor; two gigabytes go as far as 60,000 tokens of 3,584 dimensions.
    /// </summary>
    /// <param name="tokens">n.</param>
    /// <param name="keep">k.</param>
    /// <param name="dimension">D.</param>
    public static long WorkingBytes(int tokens, int keep, int dimension) =>
        sizeof(float) * SegmentMemory.Bound(tokens, keep, dimension) + 64L * tokens;

    // Largest first, so that no long one is left when the others are done.
    private static void Run(SegmentTask[] tasks, int threads)
    {
        var large = tasks.TakeWhile(task => task.Work > LargeWork).ToArray();
        // Enough large ones to keep every thread busy with its own need not share.
        if (large.Length >= 4 * threads)
            large = [];
        foreach (var task in large)
            task.Run(threads);
        var rest = tasks[large.Length..];
        Workers.For(rest.Length, threads, double.PositiveInfinity, i => rest[i].Run(1));
    }

    private static void Check(Tensor features, int count, IReadOnlyList<DppSegment> segments)
    {
        ArgumentNullException.ThrowIfNull(segments);
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

    // One segment, and where its selection goes.
    private sealed record SegmentTask(
        FeatureRows Features, float[] Relevance, DppSegment Segment, DppSelection[] Results, int Place)
    {
        // Multiply-adds: the picked rows of the kernel, and of the factor.
        internal double Work { get; } =
            Segment.Keep * (Segment.Members.Length - Segment.Keep / 2.0) * Features.Dimension
            + (double)Segment.Keep * Segment.Keep * (Segment.Members.Length / 2.0 - Segment.Keep / 3.0);

        internal void Run(int threads)
        {
            using var greedy = new GreedySegment(Features, Relevance, Segment, threads);
            Results[Place] = greedy.Run();
        }
    }
}
