using HieraVid.Torch;
using static TorchSharp.torch;

namespace HieraVid.Pruning.Dpp;

/// <summary>
/// The segment DPP of HieraVid, Eqs. 6-10, in plain loops: what <see cref="SegmentDpp"/> must select, and how far each
/// decision was from going the other way. Slow: n²·D for the kernel and k²·n for the selection.
/// </summary>
public static class ReferenceDpp
{
    /// <summary>Selects from one segment.</summary>
    /// <param name="features">[n, D], row-major.</param>
    /// <param name="dimension">D.</param>
    /// <param name="relevance">[n].</param>
    /// <param name="segment">Members and number to keep.</param>
    /// <returns>
    /// The selection, and for each of its places how far that decision was from another one: the distance to the second
    /// highest d² as a fraction of the segment's largest relevance², or, if less, that of any token's d² to its spent limit
    /// as a fraction of its own relevance². Infinite for the first place and for filled ones, which nothing rounded decides.
    /// </returns>
    public static (DppSelection Selection, float[] Margin) Select(
        ReadOnlySpan<float> features, int dimension, ReadOnlySpan<float> relevance, DppSegment segment)
    {
        var (members, keep, n) = (segment.Members, segment.Keep, segment.Members.Length);
        var r = new float[n];
        var v = new float[n][];
        var open = new bool[n];
        for (var i = 0; i < n; i++)
        {
            r[i] = relevance[members[i]];
            v[i] = new float[dimension];
            open[i] = Scale(features.Slice(members[i] * dimension, dimension), r[i], v[i]);
        }
        var d2 = new float[n];
        for (var i = 0; i < n; i++)
        {
            d2[i] = r[i] * r[i];
            open[i] &= d2[i] > Guard.Floor(r[i]);
        }
        var scale = Enumerable.Range(0, n).Where(i => open[i]).Select(i => d2[i]).DefaultIfEmpty(1).Max();
        var c = new List<float[]>();
        var order = new int[keep];
        var (gain, margin) = (new float[keep], new float[keep]);
        Array.Fill(margin, float.PositiveInfinity);
        for (var step = 0; step < Guard.MostPicks(keep, dimension); step++)
        {
            var j = -1;
            for (var i = 0; i < n; i++)
                if (open[i] && (j < 0 || d2[i] > d2[j]))
                    j = i;
            if (j < 0)
                break;
            for (var i = 0; i < n; i++)
                // The first pick compares given numbers: nothing was rounded, and equal ones are equal for everybody.
                if (open[i] && i != j && step > 0)
                    margin[step] = Math.Min(margin[step], (d2[j] - d2[i]) / scale);
            (order[step], gain[step], open[j]) = (j, d2[j], false);
            var e = new float[n];
            for (var i = 0; i < n; i++)
            {
                var sum = Dot(v[j], v[i]);
                foreach (var earlier in c)
                    sum -= earlier[j] * earlier[i];
                e[i] = sum / MathF.Sqrt(d2[j]);
            }
            c.Add(e);
            for (var i = 0; i < n; i++)
            {
                if (!open[i])
                    continue;
                d2[i] -= e[i] * e[i];
                open[i] = d2[i] > Guard.Floor(r[i]);
                if (step + 1 < keep)
                    margin[step + 1] = Math.Min(margin[step + 1], Math.Abs(d2[i] - Guard.Floor(r[i])) / (r[i] * r[i]));
            }
        }
        Guard.Fill(order, c.Count, r);
        return (new DppSelection([.. order.Select(i => members[i])], gain), margin);
    }

    /// <summary>Selects from all segments, as <see cref="SegmentDpp"/> does.</summary>
    /// <param name="features">[n, D], any float type, any device.</param>
    /// <param name="relevance">[n].</param>
    /// <param name="segments">The segments.</param>
    /// <returns>A selection per segment.</returns>
    public static IReadOnlyList<DppSelection> Select(
        Tensor features, ReadOnlySpan<float> relevance, IReadOnlyList<DppSegment> segments)
    {
        using var scope = NewDisposeScope();
        var values = features.ToArray<float>();
        var result = new List<DppSelection>();
        foreach (var segment in segments)
            result.Add(Select(values, (int)features.shape[1], relevance, segment).Selection);
        return result;
    }

    // False, and v stays zero, for a feature without a direction.
    private static bool Scale(ReadOnlySpan<float> x, float relevance, float[] v)
    {
        var squares = 0f;
        foreach (var value in x)
            squares += value * value;
        var norm = MathF.Sqrt(squares);
        if (!(norm > 0 && float.IsFinite(norm) && float.IsFinite(relevance)))
            return false;
        for (var i = 0; i < v.Length; i++)
            v[i] = relevance * (x[i] / norm);
        return true;
    }

    private static float Dot(float[] a, float[] b)
    {
        var sum = 0f;
        for (var i = 0; i < a.Length; i++)
            sum += a[i] * b[i];
        return sum;
    }
}
