using HieraVid.Pipeline;

namespace HieraVid.Client.Reporting;

/// <summary>
/// Who took a token's place in a relevance stage that keeps the best of each group of neighbours ("spread"). The groups
/// are not in the report's data; they follow from the counts: a segment's n tokens, in order, fall into k even groups.
/// </summary>
internal static class NeighbourGroups
{
    /// <summary>Per token: the survivor of its group, itself if it survived; −1 for tokens that were gone before.</summary>
    /// <returns>Null where the survivors are not one per group, so another rule was at work and nothing can be said.</returns>
    internal static int[]? Survivors(PruningReport report, int stage)
    {
        var result = new int[report.LeftAt.Count];
        Array.Fill(result, -1);
        foreach (var segment in report.Segments)
        {
            int[] present = [.. Tokens(report, segment).Where(t => report.LeftAt[t] is -1 || report.LeftAt[t] >= stage)];
            var kept = present.Count(t => report.LeftAt[t] != stage);
            for (long group = 0; group < kept; group++)
            {
                var members = present.AsSpan((int)(group * present.Length / kept)..(int)((group + 1) * present.Length / kept));
                var survivor = -1;
                foreach (var token in members)
                {
                    if (report.LeftAt[token] == stage)
                        continue;
                    if (survivor >= 0)
                        return null;
                    survivor = token;
                }
                if (survivor < 0)
                    return null;
                foreach (var token in members)
                    result[token] = survivor;
            }
        }
        return result;
    }

    private static IEnumerable<int> Tokens(PruningReport report, SegmentReport segment) =>
        Enumerable.Range(segment.FirstFrame * report.Positions, (segment.LastFrame - segment.FirstFrame + 1) * report.Positions);
}
