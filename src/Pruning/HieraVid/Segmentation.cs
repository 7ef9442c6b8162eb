namespace HieraVid.Pruning;

/// <summary>From similarities to segments of consecutive frames (HieraVid, Eq. 2; specification, A3).</summary>
public static class Segmentation
{
    /// <summary>
    /// Share of each frame's positions whose similarity is above the threshold; 0 for the first frame.
    /// </summary>
    /// <param name="similarity">[F·P].</param>
    /// <param name="positions">P.</param>
    /// <param name="threshold">Compared strictly, in float32; NaN does not count.</param>
    /// <returns>[F], count / P rounded to float32.</returns>
    public static float[] Overlap(ReadOnlySpan<float> similarity, int positions, double threshold)
    {
        var limit = (float)threshold;
        var overlap = new float[similarity.Length / positions];
        for (var f = 1; f < overlap.Length; f++)
        {
            var count = 0;
            foreach (var value in similarity.Slice(f * positions, positions))
                count += value > limit ? 1 : 0;
            overlap[f] = (float)count / positions;
        }
        return overlap;
    }

    /// <summary>Segment id of each frame: a frame begins a segment if its overlap is below β.</summary>
    /// <param name="overlap">[F].</param>
    /// <param name="beta">β, compared strictly, in float32.</param>
    /// <returns>[F], ids from 0 without gaps.</returns>
    public static int[] SegmentOfFrame(ReadOnlySpan<float> overlap, double beta)
    {
        var limit = (float)beta;
        var segments = new int[overlap.Length];
        for (var f = 1; f < segments.Length; f++)
            segments[f] = segments[f - 1] + (overlap[f] < limit ? 1 : 0);
        return segments;
    }
}
