namespace HieraVid.Pruning.Reference;

/// <summary>
/// Stage 0 of HieraVid over a whole video as plain loops (specification, A2-A5): the yardstick for the fast path.
/// </summary>
public static class ReferenceMerge
{
    /// <summary>A2 for one token.</summary>
    /// <param name="tokens">[F][P][D].</param>
    /// <param name="frame">f.</param>
    /// <param name="position">p.</param>
    public static float Similarity(float[][][] tokens, int frame, int position)
    {
        if (frame == 0)
            return SimilarityMap.NoPreviousFrame;
        var (x, y) = (tokens[frame][position], tokens[frame - 1][position]);
        return (float)(Dot(x, y) / Math.Sqrt(Dot(x, x) * Dot(y, y)));
    }

    /// <summary>A3: the segment of every frame.</summary>
    /// <param name="tokens">[F][P][D].</param>
    /// <param name="options">Threshold and β.</param>
    public static int[] SegmentOfFrame(float[][][] tokens, HieraVidOptions options)
    {
        var segments = new int[tokens.Length];
        for (var f = 1; f < tokens.Length; f++)
        {
            var positions = tokens[f].Length;
            var count = Enumerable.Range(0, positions)
                .Count(p => Similarity(tokens, f, p) > (float)options.SimThreshold);
            segments[f] = segments[f - 1] + ((float)count / positions < (float)options.Beta ? 1 : 0);
        }
        return segments;
    }

    /// <summary>A4: the score of every segment.</summary>
    /// <param name="tokens">[F][P][D].</param>
    /// <param name="segmentOfFrame">[F].</param>
    /// <param name="alpha">α.</param>
    public static double[] Scores(float[][][] tokens, int[] segmentOfFrame, double alpha)
    {
        var means = new List<double[]>();
        for (var s = 0; s <= segmentOfFrame[^1]; s++)
        {
            var members = tokens.Where((_, f) => segmentOfFrame[f] == s).SelectMany(frame => frame)
                .Select(token => Array.ConvertAll(token, x => (double)x)).ToList();
            means.Add(Mean(members));
        }
        return [.. means.Select((mean, s) =>
            alpha * Cosine(mean, means[..s]) + (1 - alpha) * (1 - Cosine(mean, means[(s + 1)..])))];
    }

    /// <summary>A5: which tokens merge.</summary>
    /// <param name="similarity">[N].</param>
    /// <param name="positions">P.</param>
    /// <param name="ratio">r₀.</param>
    public static bool[] Merged(float[] similarity, int positions, double ratio)
    {
        var best = Enumerable.Range(0, similarity.Length)
            .Where(t => t >= positions && !float.IsNaN(similarity[t]))
            .OrderByDescending(t => similarity[t]).ThenBy(t => t)
            .Take((int)(ratio * similarity.Length)).ToHashSet();
        return [.. Enumerable.Range(0, similarity.Length).Select(best.Contains)];
    }

    /// <summary>A5: the merged tokens, in ascending order of the tokens that hold them.</summary>
    /// <param name="tokens">[F][P][D].</param>
    /// <param name="merged">[N].</param>
    public static List<(int Origin, int Size, float[] Value)> Tokens(float[][][] tokens, bool[] merged)
    {
        var (positions, result) = (tokens[0].Length, new List<(int, int, float[])>());
        for (var t = 0; t < merged.Length; t++)
        {
            if (merged[t])
                continue;
            var run = new List<float[]> { tokens[t / positions][t % positions] };
            for (var next = t + positions; next < merged.Length && merged[next]; next += positions)
                run.Add(tokens[next / positions][next % positions]);
            var mean = Mean([.. run.Select(token => Array.ConvertAll(token, x => (double)x))]);
            result.Add((t, run.Count, run.Count == 1 ? run[0] : Array.ConvertAll(mean, x => (float)x)));
        }
        return result;
    }

    private static double[] Mean(List<double[]> vectors)
    {
        var mean = new double[vectors[0].Length];
        foreach (var vector in vectors)
            for (var d = 0; d < mean.Length; d++)
                mean[d] += vector[d];
        return Array.ConvertAll(mean, x => x / vectors.Count);
    }

    private static double Cosine(double[] x, List<double[]> others)
    {
        if (others.Count == 0)
            return 0;
        var y = Mean(others);
        double Product(double[] a, double[] b) => a.Zip(b, (u, v) => u * v).Sum();
        var cosine = Product(x, y) / Math.Max(Math.Sqrt(Product(x, x)) * Math.Sqrt(Product(y, y)), 1e-8);
        return double.IsFinite(cosine) ? cosine : 0;
    }

    private static double Dot(float[] x, float[] y)
    {
        var sum = 0.0;
        for (var d = 0; d < x.Length; d++)
            sum += (double)x[d] * y[d];
        return sum;
    }
}
