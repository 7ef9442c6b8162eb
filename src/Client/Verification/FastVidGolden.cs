using System.Text.Json;
using HieraVid.Models;
using HieraVid.Models.Llava;
using HieraVid.Pruning;
using HieraVid.Torch;
using static TorchSharp.torch;

namespace HieraVid.Client.Verification;

/// <summary>Golden values of FastVID, step by step and through the method as a product runs it.</summary>
internal static class FastVidGolden
{
    // Several chunks make the golden values cover their borders too.
    private const int ChunkFrames = 3;

    internal static void Run(GoldenFolder golden)
    {
        foreach (var description in golden.Cases.GetProperty("cases").EnumerateArray())
        {
            using var scope = NewDisposeScope();
            using var step = new StepCase(golden, description);
            Cuts(step);
            Pooling(step);
            VisionHeadGolden.Run(step);
            if (step.Params.TryGetProperty("retention", out var retentions))
            {
                foreach (var retention in retentions.EnumerateArray())
                    Retention(step, retention.GetDouble());
            }
            step.ListUncompared();
        }
    }

    private static void Cuts(StepCase step)
    {
        if (step.Has("in.frame_features"))
            step.Compare("a.transition", () => Transitions(step));
        if (!step.Has("b.table"))
            return;
        var transitions = step.Floats(step.Has("in.transition") ? "in.transition" : "a.transition");
        var table = step.Params.GetProperty(step.Params.TryGetProperty("table", out _) ? "table" : "dyseg_table");
        step.Compare("b.table", () => table.EnumerateArray().SelectMany(row =>
            FrameSegments.Cut(transitions, row[1].GetDouble(), row[0].GetInt32())
                .SelectMany((segment, id) => Enumerable.Repeat(id, segment.Count))));
    }

    private static float[] Transitions(StepCase step) => FrameSegments.Transitions(
        Array.ConvertAll(step.Floats("in.frame_features"), value => (double)value), (int)step.Shape("in.frame_features")[1]);

    private static void Pooling(StepCase step)
    {
        if (!step.Params.TryGetProperty("side", out var side))
            return;
        float[] Pooled(string input, PoolMode mode)
        {
            var x = step.Tensor(input);
            return GridPooling.Forward(x.reshape(x.shape[0], (long)side.GetInt32() * side.GetInt32(), -1), side.GetInt32(), mode)
                .ToArray<float>();
        }
        step.Compare("pool.bilinear14", () => Pooled("in.attention", PoolMode.Bilinear));
        step.Compare("pool.average13", () => Pooled("in.attention", PoolMode.Average));
        step.Compare("pool.tokens_bilinear14", () => Pooled("in.tokens", PoolMode.Bilinear));
        step.Compare("pool.tokens_average13", () => Pooled("in.tokens", PoolMode.Average));
    }

    private static void Retention(StepCase step, double retention)
    {
        string Name(string output) => FormattableString.Invariant($"{output[..1]}.R{retention}.{output[2..]}");
        var options = Options(step.Params);
        var grid = step.Params.TryGetProperty("grid", out var given) ? given.EnumerateArray().Select(n => n.GetInt32()).ToArray() : null;
        var tokens = grid is null ? step.Tensor("in.tokens") : WithoutNewlines(step.Tensor("in.tokens"), grid);
        var chunks = Chunks(tokens, step.Tensor("in.frame_features"), step.Tensor("in.cls_attention"));
        var method = new FastVidMethod(options, retention);
        var plan = method.Plan([.. chunks.Select(method.Summarise)], int.MaxValue);
        step.Compare(Name("b.segment_sizes"), () => plan.Pieces.Select(piece => piece.Count));

        var positions = (int)tokens.shape[1];
        var merges = plan.Pieces.Select(piece => (piece.First, Counts: FastVidCounts.Of(piece.Count, positions, retention, options)))
            .Select(piece => (piece.First, piece.Counts, Merge: Merge(chunks, piece.First, piece.Counts, options))).ToList();
        step.Compare(Name("f.salient_per_frame"), () => merges.SelectMany(piece => piece.Counts.Salient));
        step.Compare(Name("d.anchors_per_frame"), () => merges.SelectMany(piece => piece.Counts.Anchors));
        step.Compare(Name("f.salient"), () => merges.SelectMany(piece =>
            piece.Merge.Salient.SelectMany((frame, f) => frame.Select(p => (piece.First + f) * positions + p))));
        var anchors = merges.SelectMany(piece => piece.Merge.Anchors.SelectMany(frame =>
            frame.Positions.Select(p => (piece.First + frame.Frame) * positions + p))).ToArray();
        step.Compare(Name("d.anchors"), () => anchors.Order());
        step.Compare(Name("e.anchor_values"), () =>
        {
            var values = cat([.. merges.Select(piece => piece.Merge.Values)], 0);
            return Rows(values, [.. Enumerable.Range(0, anchors.Length).OrderBy(i => anchors[i])]).ToArray<float>();
        });
        step.Compare(Name("e.assign"), () => merges.SelectMany(piece => Assignment(piece.Merge, piece.First, positions)), rowLength: 3);
        Densities(step, Name, tokens, [.. merges.SelectMany(piece => piece.Merge.Salient)], options);

        using var kept = BackwardPass.Run(method, plan, chunks);
        if (grid is null)
        {
            step.Compare(Name("g.kept"), () => kept.Origins);
            step.Compare(Name("g.values"), () => kept.Values.ToArray<float>());
            return;
        }
        // The golden sequence counts newline tokens; any row of the input's newlines serves, since they are all one token.
        var layout = VideoLayout.Of((int)tokens.shape[0], positions / grid[1], grid[1], NewlinePosition.Grid);
        var newline = step.Tensor("in.tokens").select(0, 0).select(0, grid[1]);
        var video = VideoSequence.Build(kept.Values, kept.Origins, newline, layout, NewlineStay.NonEmptyRows);
        step.Compare(Name("g.kept"), () => video.Indices);
        step.Compare(Name("g.newlines"), () => video.Indices.Intersect(layout.Newlines));
        step.Compare(Name("g.values"), () => video.Tokens.ToArray<float>());
    }

    private static void Densities(
        StepCase step, Func<string, string> name, Tensor tokens, int[][] salient, FastVidOptions options)
    {
        if (!step.Has(name("c.rho")))
            return;
        var candidates = salient.Select(frame => SegmentMerge.Candidates(frame, (int)tokens.shape[1])).ToArray();
        step.Compare(name("c.candidates"), () => candidates.SelectMany(frame => frame));
        var densities = candidates
            .Select((frame, f) => Density.Of(Rows(tokens.select(0, f), frame), options.Neighbours)).ToArray();
        step.Compare(name("c.rho"), () => [.. densities.SelectMany(density => density.Rho)]);
        step.Compare(name("c.delta"), () => [.. densities.SelectMany(density => density.Delta)]);
        step.Compare(name("c.score"), () => [.. densities.SelectMany(density => density.Score)]);
    }

    private static IEnumerable<int> Assignment(SegmentMerge merge, int first, int positions)
    {
        for (var a = 0; a < merge.Anchors.Count; a++)
        {
            var frame = merge.Anchors[a];
            var offset = (first + frame.Frame) * positions;
            for (var token = 0; token < merge.Assigned[a].Length; token++)
            {
                if (merge.Assigned[a][token] is >= 0 and var anchor)
                {
                    yield return first + frame.Frame;
                    yield return first * positions + token;
                    yield return offset + frame.Positions[anchor];
                }
            }
        }
    }

    private static SegmentMerge Merge(List<TokenChunk> chunks, int first, FastVidCounts counts, FastVidOptions options)
    {
        var piece = TokenChunk.Of(new FrameRange(first, counts.Salient.Length), chunks);
        return SegmentMerge.Of(piece.Tokens, piece.Signals[VisionSignal.HeadAttention].ToArray<float>(), counts, options);
    }

    private static FastVidOptions Options(JsonElement parameters) => new()
    {
        Variant = parameters.GetProperty("variant").GetString() == "onevision" ? FastVidVariant.OneVision : FastVidVariant.LlavaVideo,
        Segments = parameters.GetProperty("c").GetInt32(),
        Tau = parameters.GetProperty("tau").GetDouble(),
        Context = parameters.GetProperty("d").GetDouble(),
        AnchorEvery = parameters.GetProperty("p").GetInt32(),
        Beta = parameters.GetProperty("beta").GetDouble(),
        Neighbours = parameters.GetProperty("k").GetInt32(),
    };

    private static List<TokenChunk> Chunks(Tensor tokens, Tensor features, Tensor attention)
    {
        var chunks = new List<TokenChunk>();
        for (var first = 0; first < tokens.shape[0]; first += ChunkFrames)
        {
            var count = Math.Min(ChunkFrames, tokens.shape[0] - first);
            chunks.Add(new TokenChunk(first, tokens.narrow(0, first, count), first == 0 ? null : tokens.select(0, first - 1))
            {
                Signals = new Dictionary<VisionSignal, Tensor>
                {
                    [VisionSignal.FrameFeature] = features.narrow(0, first, count),
                    [VisionSignal.HeadAttention] = attention.narrow(0, first, count),
                },
            });
        }
        return chunks;
    }

    // [F, gh·(gw+1), D] to [F, gh·gw, D].
    private static Tensor WithoutNewlines(Tensor tokens, int[] grid)
    {
        var (frames, width) = (tokens.shape[0], tokens.shape[2]);
        return tokens.reshape(frames, grid[0], grid[1] + 1, width).narrow(2, 0, grid[1])
            .reshape(frames, grid[0] * grid[1], width);
    }

    private static Tensor Rows(Tensor values, int[] rows) =>
        values.index_select(0, TensorData.From<long>([.. rows], rows.Length));
}
