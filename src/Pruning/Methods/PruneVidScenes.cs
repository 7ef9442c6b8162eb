namespace HieraVid.Pruning;

/// <summary>PruneVid's scenes: frames clustered, then smoothed so that every cluster is one run (baselines, section 5).</summary>
public static class PruneVidScenes
{
    /// <summary>Gives frames in short runs of their cluster the label of their longer neighbour.</summary>
    /// <param name="labels">The cluster of every frame, [F].</param>
    public static int[] Refine(IReadOnlyList<int> labels)
    {
        var refined = labels.ToArray();
        var marked = Marked(refined);
        for (var f = 0; f < refined.Length; f++)
        {
            if (!marked[f])
                continue;
            var end = f;
            while (end < refined.Length && marked[end])
                end++;
            var (left, right) = (RunBefore(refined, f), RunAfter(refined, end));
            var label = left == 0 && right == 0 ? 0 : right > left ? refined[end] : refined[f - 1];
            Array.Fill(refined, label, f, end - f);
            f = end;
        }
        return refined;
    }

    /// <summary>Maximal runs of equal labels.</summary>
    public static FrameRange[] Runs(IReadOnlyList<int> labels)
    {
        var runs = new List<FrameRange>();
        for (var f = 0; f < labels.Count; f++)
        {
            if (f > 0 && labels[f] == labels[f - 1])
                runs[^1] = runs[^1] with { Count = runs[^1].Count + 1 };
            else
                runs.Add(new FrameRange(f, 1));
        }
        return [.. runs];
    }

    // All frames outside the longest runs of their label, and every run where the longest has one frame.
    private static bool[] Marked(int[] labels)
    {
        var marked = new bool[labels.Length];
        foreach (var runs in Runs(labels).GroupBy(run => labels[run.First]))
        {
            var longest = runs.Max(run => run.Count);
            foreach (var run in runs.Where(run => longest == 1 || run.Count < longest))
                Array.Fill(marked, true, run.First, run.Count);
        }
        return marked;
    }

    private static int RunBefore(int[] labels, int frame)
    {
        var length = 0;
        while (frame - 1 - length >= 0 && labels[frame - 1 - length] == labels[frame - 1])
            length++;
        return length;
    }

    private static int RunAfter(int[] labels, int frame)
    {
        var length = 0;
        while (frame + length < labels.Length && labels[frame + length] == labels[frame])
            length++;
        return length;
    }
}
