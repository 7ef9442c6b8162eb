using HieraVid.Client.Reporting;
using HieraVid.Pipeline;
using HieraVid.Pruning;

namespace HieraVid.Client.Tests.Reporting;

/// <summary>
/// A plausible answer and pruning report without a model: the method's steps in plain form on noise that changes slowly,
/// with attention that looks at one moving spot. Numbers are not HieraVid's; their shapes and relations are.
/// </summary>
public sealed record SyntheticAnswer(AnswerReport Answer, PruningReport Pruning, IReadOnlyList<byte[]> Thumbnails)
{
    private const int Side = 14, Layers = 28;
    private static readonly double[] s_pruned = [0.5, 0.3, 0.3, 0.57];

    /// <summary>From noise that changes slowly, with cuts: for tests that need no video.</summary>
    /// <param name="frames">Sampled frames.</param>
    /// <param name="seed">Of the noise.</param>
    /// <param name="positions">Tokens per frame.</param>
    /// <param name="features">Numbers per token.</param>
    /// <param name="room">Tokens for which the window has room.</param>
    public static SyntheticAnswer OfNoise(
        int frames, int seed = 1, int positions = Side * Side, int features = 48, int room = int.MaxValue)
    {
        var random = new Random(seed);
        var tokens = new float[frames * positions][];
        for (var t = 0; t < tokens.Length; t++)
        {
            var isNew = t < positions || t / positions % 9 == 0 || random.Next(4) == 0;
            tokens[t] = [.. Enumerable.Range(0, features).Select(i => isNew ? random.NextSingle() - 0.5f
                : tokens[t - positions][i] + random.NextSingle() * 0.3f - 0.15f)];
        }
        return Of(tokens, [.. Enumerable.Range(0, frames).Select(f => f * 1.5)], frames * 1.5, room);
    }

    /// <summary>The same answer of a method that pruned nothing.</summary>
    public SyntheticAnswer Unpruned() => new(
        Answer with { Method = "none", Budget = 1, Tokens = TokensOf([new(PruningRule.Other, null, Answer.Tokens.Visual - 1, Answer.Tokens.Visual - 1)]) },
        Bare([], new int[Pruning.LeftAt.Count].Select(_ => -1)), Thumbnails);

    /// <summary>The same answer of a method that says only which tokens left where.</summary>
    public SyntheticAnswer Unexplained() => this with
    {
        Pruning = Bare([.. Pruning.Stages.Select(s => new PruningStageReport(PruningRule.Other, s.Layer, s.Before, s.After))], Pruning.LeftAt),
    };

    /// <summary>Its page.</summary>
    public string Html(string question) =>
        ReportPage.Html(Answer, Pruning, question, ShownFrames.Of(Pruning), Thumbnails);

    /// <summary>Its page as a file.</summary>
    public void Write(string path, string question) =>
        ReportPage.Write(path, Answer, Pruning, question, ShownFrames.Of(Pruning), Thumbnails);

    private PruningReport Bare(IReadOnlyList<PruningStageReport> stages, IEnumerable<int> leftAt) => new()
    {
        Frames = Pruning.Frames,
        Positions = Pruning.Positions,
        Columns = Pruning.Columns,
        Times = Pruning.Times,
        Layers = Layers,
        Stages = stages,
        LeftAt = [.. leftAt],
    };

    private static SyntheticAnswer Of(float[][] x, double[] times, double duration, int room)
    {
        var (frames, n, positions) = (times.Length, x.Length, x.Length / times.Length);
        float[] similarity = [.. x.Select((v, t) => t < positions ? -2f : Cosine(v, x[t - positions]))];
        float[] overlap = [.. similarity.Chunk(positions).Select(frame => frame.Count(s => s > 0.6f) / (float)positions)];
        // Still cameras would give one segment; the threshold is taken so that there are some cuts to look at.
        var threshold = Math.Max(0.4f, overlap.Skip(1).Order().ElementAtOrDefault(frames / 6));
        int[] starts = [.. Enumerable.Range(0, frames).Where(f => f == 0 || overlap[f] < threshold)];
        double[] z = [.. starts.Select((_, s) => Math.Sin(s * 2.4 + 1))];

        var (leftAt, mergedInto) = (Enumerable.Repeat(-1, n).ToArray(), Enumerable.Repeat(-1, n).ToArray());
        foreach (var t in Enumerable.Range(positions, n - positions).OrderByDescending(t => similarity[t]).Take(Math.Min(n / 2, n - positions)))
            leftAt[t] = 0;
        for (var t = positions; t < n; t++)
            if (leftAt[t] == 0)
                mergedInto[t] = mergedInto[t - positions] >= 0 ? mergedInto[t - positions] : t - positions;

        var left = leftAt.Count(l => l < 0);
        List<PruningStageReport> stages = [new(PruningRule.Merge, null, n, left)];
        if (left > room)
            stages.Add(ToWindow(leftAt, frames, positions, room / (double)left));
        var kept = starts.Select((_, s) => new List<int> { Present(s).Length }).ToList();
        for (var layerStage = 1; layerStage < 4; layerStage++)
        {
            var stage = NewStage(layerStage, leftAt, positions);
            var (relevance, gain, rank) = ((float[])stage.Relevance, (float[])stage.Gain, (int[])stage.Rank);
            var rowOf = stage.Tokens.Select((token, row) => (token, row)).ToDictionary(pair => pair.token, pair => pair.row);
            for (var s = 0; s < starts.Length; s++)
            {
                var present = Present(s);
                int[] rows = [.. present.Select(t => rowOf[t])];
                foreach (var (row, place) in rows.OrderByDescending(r => relevance[r]).Select((row, place) => (row, place)))
                    ((int[])stage.Place)[row] = place;
                var k = (int)(rows.Length * Math.Clamp(1 - s_pruned[layerStage] + 0.1 * z[s], 0.05, 0.95));
                var picks = layerStage == 1 ? Spread(stage, rows, k) : Diverse(rows, [.. present.Select(t => x[t])], relevance, k, gain, rank);
                foreach (var row in rows.Except(picks))
                    leftAt[stage.Tokens[row]] = stages.Count;
                kept[s].Add(k);
            }
            stages.Add(stage with { After = leftAt.Count(l => l < 0) });
        }
        var pruning = new PruningReport
        {
            Frames = frames,
            Positions = positions,
            Columns = (int)Math.Ceiling(Math.Sqrt(positions)),
            Times = times,
            Layers = Layers,
            Stages = stages,
            Segments = [.. starts.Select((first, s) => new SegmentReport(s, first, End(s) - 1,
                times[first], End(s) < frames ? times[End(s)] : duration, z[s], kept[s]))],
            Overlap = overlap,
            OverlapThreshold = threshold,
            Similarity = similarity,
            MergedInto = mergedInto,
            MergeThreshold = similarity.Where((_, t) => mergedInto[t] >= 0).Append(2).Min(),
            LeftAt = leftAt,
            RelevanceSign = RelevanceSign.Negated,
        };
        return new SyntheticAnswer(AnswerOf(times, duration, stages), pruning, []);

        int End(int segment) => segment + 1 < starts.Length ? starts[segment + 1] : frames;

        int[] Present(int segment) =>
            [.. Enumerable.Range(starts[segment] * positions, (End(segment) - starts[segment]) * positions).Where(t => leftAt[t] < 0)];
    }

    // Evenly, piece by piece: which ones hardly matters.
    private static PruningStageReport ToWindow(int[] leftAt, int frames, int positions, double share)
    {
        var pieces = new List<WindowPiece>();
        for (var first = 0; first < frames; first += 32)
        {
            var piece = new FrameRange(first, Math.Min(32, frames - first));
            int[] present = [.. Enumerable.Range(first * positions, piece.Count * positions).Where(t => leftAt[t] < 0)];
            var keep = (int)(present.Length * share);
            var stay = Enumerable.Range(0, keep).Select(i => present[(int)((long)i * present.Length / keep)]).ToHashSet();
            foreach (var token in present.Where(t => !stay.Contains(t)))
                leftAt[token] = 1;
            pieces.Add(new WindowPiece(piece, present.Length, keep));
        }
        return new(PruningRule.Window, null, pieces.Sum(p => p.Count), pieces.Sum(p => p.Keep)) { Pieces = pieces };
    }

    private static PruningStageReport NewStage(int layerStage, int[] leftAt, int positions)
    {
        int[] tokens = [.. Enumerable.Range(0, leftAt.Length).Where(t => leftAt[t] < 0)];
        var stage = new PruningStageReport(layerStage == 1 ? PruningRule.Spread : PruningRule.Dpp, 7 * layerStage, tokens.Length, 0)
        {
            Tokens = tokens,
            Relevance = tokens.Select(t => Relevance(t, layerStage, positions)).ToArray(),
            Place = new int[tokens.Length],
        };
        return layerStage == 1
            ? stage with { Winner = Enumerable.Repeat(-1, tokens.Length).ToArray(), Gain = Array.Empty<float>(), Rank = Array.Empty<int>() }
            : stage with { Gain = Enumerable.Repeat(float.NaN, tokens.Length).ToArray(), Rank = Enumerable.Repeat(-1, tokens.Length).ToArray() };
    }

    private static AnswerReport AnswerOf(double[] times, double duration, List<PruningStageReport> stages) => new()
    {
        Answer = "Three people walk through the room one after another; the second one carries a bag.",
        Finish = "stop",
        Video = new VideoReport(duration, 640, 360, 10, times.Length, times),
        Tokens = TokensOf(stages),
        Budget = 0.3,
        Flops = new FlopsReport(4.077e13, 1.093e13, 0.268),
        Segments = [],
        KeptTokens = new Dictionary<string, string>(),
        Chunks = new ChunkReport(1, 64, 0),
        Timing = new TimingReport
        {
            Load = 3.1,
            Probe = 0.08,
            Decode = 0.41,
            Encode = 4.92,
            Prune = 0.22,
            Prefill = 1.91,
            TimeToFirstToken = 7.61,
            Generate = 1.12,
            Total = 8.7,
        },
        PeakMemoryBytes = 2_400_000_000,
        Device = "cpu",
        Dtype = "bf16",
        Model = "/somewhere/llava-onevision-7b",
        Method = "hieravid",
        Seed = 0,
        Notes = [],
    };

    private static TokenReport TokensOf(List<PruningStageReport> stages)
    {
        int[] perLayer = [.. Enumerable.Range(0, Layers).Select(layer => stages.Last(s => (s.Layer ?? 0) <= layer).After)];
        return new TokenReport(stages[0].Before + 1, 34, 18, perLayer[0], perLayer, Math.Round(perLayer.Average() / stages[0].Before, 4));
    }

    private static List<int> Spread(PruningStageReport stage, int[] rows, int k)
    {
        var picks = new List<int>();
        for (var b = 0; b < k; b++)
        {
            var bucket = rows[(b * rows.Length / k)..((b + 1) * rows.Length / k)];
            picks.Add(bucket.MaxBy(row => stage.Relevance[row]));
            foreach (var row in bucket)
                ((int[])stage.Winner)[row] = stage.Tokens[picks[b]];
        }
        return picks;
    }

    private static List<int> Diverse(int[] rows, float[][] x, float[] relevance, int k, float[] gain, int[] rank)
    {
        float[] left = [.. rows.Select(row => relevance[row] * relevance[row])];
        float[][] units = [.. x.Select((v, i) => v.Select(u => u * relevance[rows[i]] / MathF.Sqrt(Dot(v, v))).ToArray())];
        var factors = new float[k][];
        var picks = new List<int>();
        for (var step = 0; step < k; step++)
        {
            var j = Array.IndexOf(left, left.Max());
            (gain[rows[j]], rank[rows[j]]) = (left[j], step);
            var root = MathF.Sqrt(MathF.Max(left[j], 1e-6f));
            picks.Add(rows[j]);
            factors[step] = new float[left.Length];
            for (var t = 0; t < left.Length; t++)
            {
                var e = Dot(units[j], units[t]);
                for (var i = 0; i < step; i++)
                    e -= factors[i][j] * factors[i][t];
                factors[step][t] = e / root;
                left[t] = left[t] < 0 ? -1 : MathF.Max(left[t] - factors[step][t] * factors[step][t], 1e-7f);
            }
            left[j] = -1;
        }
        return picks;
    }

    private static float Relevance(int token, int stage, int positions)
    {
        var side = Math.Ceiling(Math.Sqrt(positions));
        var (frame, row, column) = (token / positions, Math.Floor(token % positions / side), token % positions % side);
        var (y, c) = (7 + 3 * Math.Sin(frame * 0.4), 7 + 4 * Math.Cos(frame * 0.3 + stage));
        var near = Math.Exp(-(Math.Pow(row - y, 2) + Math.Pow(column - c, 2)) / 12);
        return (float)Math.Clamp(0.25 + 0.6 * near + 0.15 * Math.Abs(Math.Sin(token * 12.9898 + stage)), 0, 1);
    }

    private static float Cosine(float[] a, float[] b) => Dot(a, b) / MathF.Sqrt(Dot(a, a) * Dot(b, b));

    private static float Dot(float[] a, float[] b)
    {
        var sum = 0f;
        for (var i = 0; i < a.Length; i++)
            sum += a[i] * b[i];
        return sum;
    }
}
