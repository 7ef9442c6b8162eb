namespace HieraVid.Pruning;

/// <summary>A run of merging tokens, as far as it lies in one chunk.</summary>
/// <param name="Row">Its first token there, as a row of the chunk: local frame · P + position.</param>
/// <param name="Length">Its tokens there; token j is row Row + j · P.</param>
/// <param name="GoesOn">Whether it begins in this chunk and goes on in the next.</param>
internal readonly record struct MergeRun(int Row, int Length, bool GoesOn);

/// <summary>The runs of one chunk.</summary>
/// <param name="Own">Those that begin in it, by row.</param>
/// <param name="Incoming">The parts of those that began before it, by position.</param>
internal sealed record MergeRunList(List<MergeRun> Own, List<MergeRun> Incoming)
{
    /// <summary>Finds the runs.</summary>
    /// <param name="firstFrame">The chunk's first frame.</param>
    /// <param name="frames">f.</param>
    /// <param name="positions">P.</param>
    /// <param name="merged">Of the whole video, [N].</param>
    internal static MergeRunList Of(int firstFrame, int frames, int positions, bool[] merged)
    {
        var (own, incoming) = (new List<MergeRun>(), new List<MergeRun>());
        var (first, count) = (firstFrame * positions, frames * positions);
        for (var row = 0; row < count; row++)
        {
            var begins = !merged[first + row];
            if (!begins && row >= positions)
                continue;
            var length = 1;
            while (row + length * positions < count && merged[first + row + length * positions])
                length++;
            var next = first + row + length * positions;
            var goesOn = row + length * positions >= count && next < merged.Length && merged[next];
            (begins ? own : incoming).Add(new MergeRun(row, length, begins && goesOn));
        }
        return new MergeRunList(own, incoming);
    }
}
