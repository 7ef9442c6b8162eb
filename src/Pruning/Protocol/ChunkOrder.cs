namespace HieraVid.Pruning;

/// <summary>Chunks arrive in any order; decisions need them in the order of their frames, each exactly once.</summary>
internal static class ChunkOrder
{
    /// <summary>The chunks by first frame.</summary>
    /// <param name="chunks">At least one.</param>
    /// <param name="extent">First frame, frame count, positions and width of a chunk.</param>
    /// <exception cref="PruningException">
    /// Frames are missing or given twice, or the chunks are of different videos.
    /// </exception>
    internal static List<T> Of<T>(
        IReadOnlyList<T> chunks, Func<T, (int First, int Count, int Positions, int Width)> extent)
    {
        if (chunks.Count == 0)
            throw PruningException.BadChunks("there are none");
        var ordered = chunks.OrderBy(chunk => extent(chunk).First).ToList();
        var (_, _, positions, width) = extent(ordered[0]);
        var next = 0;
        foreach (var chunk in ordered)
        {
            var own = extent(chunk);
            if (own.First > next)
                throw PruningException.BadChunks($"frames {next} to {own.First - 1} are missing");
            if (own.First < next)
                throw PruningException.BadChunks($"frame {own.First} is given twice");
            if (own.Positions != positions || own.Width != width)
            {
                throw PruningException.BadChunks($"frame {own.First} has {own.Positions} tokens of width {own.Width}, "
                    + $"frame 0 has {positions} of width {width}");
            }
            next += own.Count;
        }
        return ordered;
    }

    /// <summary>The chunks' arrays one after the other.</summary>
    internal static TItem[] Concatenate<T, TItem>(List<T> ordered, Func<T, TItem[]> array)
    {
        // Frame sums of an hour are 10 million numbers: too many to go through one by one.
        var result = new TItem[ordered.Sum(chunk => array(chunk).Length)];
        var start = 0;
        foreach (var part in ordered.Select(array))
        {
            part.CopyTo(result, start);
            start += part.Length;
        }
        return result;
    }
}
