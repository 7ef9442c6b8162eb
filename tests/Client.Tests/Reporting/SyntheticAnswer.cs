using HieraVid.Pipeline;
using HieraVid.Video;

namespace HieraVid.Client.Tests.Reporting;

/// <summary>
/// A plausible answer and pruning report without a model: the method's steps in plain form on patches of real frames,
/// with attention that looks at one moving spot. Numbers are not HieraVid's; their shapes and relations are.
/// </summary>
public sealed record SyntheticAnswer(AnswerReport Answer, PruningReport Pruning, IReadOnlyList<byte[]> Thumbnails)
{
    private const int Side = 14, Positions = Side * Side, Features = 3 * PatchSide * PatchSide, Layers = 28, PatchSide = 8;
    private static readonly double[] s_pruned = [0.5, 0.3, 0.3, 0.57];

    /// <summary>From frames of a video.</summary>
    public static async Task<SyntheticAnswer> OfAsync(VideoInfo video, int frames, CancellationToken cancel)
    {
        var plan = SamplingPlan.Uniform(video, frames);
        var tokens = new List<float[]>();
        var size = new FrameSize(Side * PatchSide, Side * PatchSide);
        await foreach (var batch in FrameDecoder.DecodeAsync(video, plan, size, 8, VideoLimits.Default, cancel: cancel))
            for (var i = 0; i < batch.Count; i++)
                tokens.AddRange(Patches(batch.Frame(i).Span));
        var pictures = await FrameThumbnails.OfAsync(video, plan.TimesSeconds, VideoLimits.Default, cancel);
        return Of([.. tokens], plan.TimesSeconds, video.DurationSeconds, video.DisplayWidth, video.DisplayHeight, pictures);
    }

    /// <summary>From noise that changes slowly, with cuts: for tests that need no video.</summary>
    public static SyntheticAnswer OfNoise(int frames, int seed = 1)
    {
        var random = new Random(seed);
        var tokens = new float[frames * Positions][];
        for (var t = 0; t < tokens.Length; t++)
        {
            var isNew = t < Positions || t / Positions % 9 == 0 || random.Next(4) == 0;
            tokens[t] = [.. Enumerable.Range(0, Features).Select(i => isNew ? random.NextSingle() - 0.5f
                : tokens[t - Positions][i] + random.NextSingle() * 0.3f - 0.15f)];
        }
        return Of(tokens, [.. Enumerable.Range(0, frames).Select(f => f * 1.5)], frames * 1.5, 640, 360, []);
    }

    private static SyntheticAnswer Of(
        float[][] x, double[] times, double duration, int width, int height, IReadOnlyList<byte[]> pictures)
    {
        var (frames, n) = (times.Length, x.Length);
        float[] similarity = [.. x.Select((v, t) => t < Positions ? -2f : Cosine(v, x[t - Positions]))];
        float[] overlap = [.. Enumerable.Range(0, frames).Select(f => similarity.Skip(f * Positions).Take(Positions).Count(s => s > 0.6f) / (float)Positions)];
        // Still cameras would give one segment; the threshold is taken so that there are some cuts to look at.
        var threshold = Math.Max(0.4f, overlap.Skip(1).Order().ElementAtOrDefault(frames / 6));
        int[] starts = [.. Enumerable.Range(0, frames).Where(f => f == 0 || overlap[f] < threshold)];
        int[] segmentOf = [.. Enumerable.Range(0, frames).Select(f => starts.Count(s => s <= f) - 1)];
        double[] z = [.. starts.Select((_, s) => Math.Sin(s * 2.4 + 1))];

        var (leftAt, mergedInto) = (Enumerable.Repeat(-1, n).ToArray(), Enumerable.Repeat(-1, n).ToArray());
        foreach (var t in Enumerable.Range(Positions, n - Positions).OrderByDescending(t => similarity[t]).Take(Math.Min(n / 2, n - Positions)))
            leftAt[t] = 0;
        for (var t = Positions; t < n; t++)
            if (leftAt[t] == 0)
                mergedInto[t] = mergedInto[t - Positions] >= 0 ? mergedInto[t - Positions] : t - Positions;

        var stages = new List<PruningStageReport> { new("merge", 0, n, leftAt.Count(l => l < 0), [], [], []) };
        var kept = starts.Select((_, s) => new List<int> { Present(s).Count }).ToList();
        for (var stage = 1; stage < 4; stage++)
        {
            var before = leftAt.Count(l => l < 0);
            var relevance = Enumerable.Range(0, n).Select(t => leftAt[t] < 0 ? Relevance(t, stage) : float.NaN).ToArray();
            var (gain, rank) = (Enumerable.Repeat(float.NaN, n).ToArray(), Enumerable.Repeat(-1, n).ToArray());
            for (var s = 0; s < starts.Length; s++)
            {
                var present = Present(s);
                var k = (int)(present.Count * Math.Clamp(1 - s_pruned[stage] + 0.1 * z[s], 0.05, 0.95));
                var picks = stage == 1 ? Spread(present, relevance, k) : Diverse(present, relevance, x, k, gain, rank);
                foreach (var t in present.Except(picks))
                    leftAt[t] = stage;
                kept[s].Add(k);
            }
            var after = leftAt.Count(l => l < 0);
            stages.Add(stage == 1 ? new("relevance", 7, before, after, relevance, [], []) : new("dpp", 7 * stage, before, after, relevance, gain, rank));
        }
        var segments = starts.Select((first, s) => new SegmentReport(s, first, s + 1 < starts.Length ? starts[s + 1] - 1 : frames - 1,
            times[first], s + 1 < starts.Length ? times[starts[s + 1]] : duration, z[s], kept[s])).ToList();
        var pruning = new PruningReport
        {
            Method = "hieravid",
            Budget = 0.3,
            Frames = frames,
            Positions = Positions,
            Layers = Layers,
            Stages = stages,
            Segments = segments,
            Overlap = overlap,
            OverlapThreshold = threshold,
            Similarity = similarity,
            MergedInto = mergedInto,
            LeftAt = leftAt,
        };
        return new SyntheticAnswer(AnswerOf(times, duration, width, height, n), pruning, pictures);

        List<int> Present(int segment) => [.. Enumerable.Range(0, n).Where(t => leftAt[t] < 0 && segmentOf[t / Positions] == segment)];
    }

    private static AnswerReport AnswerOf(double[] times, double duration, int width, int height, int tokens) => new()
    {
        Answer = "Three people walk through the room one after another; the second one carries a bag.",
        Finish = "stop",
        Video = new VideoReport(duration, width, height, 10, times.Length, times),
        Tokens = new TokenReport(tokens + 1, 34, 18, tokens / 2, [.. Enumerable.Repeat(tokens / 3, Layers)], 0.3001),
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

    private static List<int> Spread(List<int> present, float[] relevance, int k) =>
        [.. Enumerable.Range(0, k).Select(b => present[(b * present.Count / k)..((b + 1) * present.Count / k)].MaxBy(t => relevance[t]))];

    private static List<int> Diverse(List<int> present, float[] relevance, float[][] x, int k, float[] gain, int[] rank)
    {
        float[] left = [.. present.Select(t => relevance[t] * relevance[t])];
        float[][] units = [.. present.Select(t => x[t].Select(v => v * relevance[t] / MathF.Sqrt(x[t].Sum(u => u * u))).ToArray())];
        var rows = new float[k][];
        var picks = new List<int>();
        for (var step = 0; step < k; step++)
        {
            var j = Array.IndexOf(left, left.Max());
            (gain[present[j]], rank[present[j]]) = (left[j], step);
            var root = MathF.Sqrt(MathF.Max(left[j], 1e-6f));
            picks.Add(present[j]);
            rows[step] = new float[left.Length];
            for (var t = 0; t < left.Length; t++)
            {
                var e = Dot(units[j], units[t]);
                for (var i = 0; i < step; i++)
                    e -= rows[i][j] * rows[i][t];
                rows[step][t] = e / root;
                left[t] = left[t] < 0 ? -1 : MathF.Max(left[t] - rows[step][t] * rows[step][t], 1e-7f);
            }
            left[j] = -1;
        }
        return picks;
    }

    private static float Relevance(int token, int stage)
    {
        var (frame, row, column) = (token / Positions, token % Positions / Side, token % Side);
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

    // Small squares of pixels around a common grey: patches of the same tint but other brightness differ, as features do.
    private static float[][] Patches(ReadOnlySpan<byte> rgb)
    {
        var patches = new float[Positions][];
        for (var p = 0; p < Positions; p++)
        {
            patches[p] = new float[Features];
            for (var i = 0; i < Features; i++)
            {
                var (y, x) = (p / Side * PatchSide + i / (3 * PatchSide), p % Side * PatchSide + i / 3 % PatchSide);
                patches[p][i] = (rgb[(y * Side * PatchSide + x) * 3 + i % 3] - 112) / 128f + 0.002f * ((i * 7 + p) % 5);
            }
        }
        return patches;
    }
}
