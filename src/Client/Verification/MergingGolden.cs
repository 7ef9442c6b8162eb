using HieraVid.Models;
using HieraVid.Models.Llava;
using HieraVid.Pruning;
using HieraVid.Torch;
using static TorchSharp.torch;

namespace HieraVid.Client.Verification;

/// <summary>Golden values of the baselines that merge tokens before the model.</summary>
internal static class MergingGolden
{
    internal static void VisionZip(BaselineCase golden)
    {
        var isClip = golden.Variant == "clip_before_pool";
        var tokens = golden.In(isClip ? "hidden" : "features");
        var keys = golden.In("keys");
        var score = isClip ? golden.In("attn_cls").sum([1])
            : golden.Has("score") ? golden.In("score") : golden.In("attn_map").mean([1]).mean([1]);
        if (golden.Variant == "pooled_from_raw")
        {
            var (grid, mode) = (golden.Integers("grid")[0],
                golden.Params.GetProperty("pool").GetString() == "average" ? PoolMode.Average : PoolMode.Bilinear);
            (tokens, keys) = (GridPooling.Forward(tokens, grid, mode), GridPooling.Forward(keys, grid, mode));
            score = GridPooling.Forward(score.unsqueeze(-1), grid, mode).squeeze(-1);
            golden.CompareTensor("pooled_score", () => score);
            golden.CompareTensor("pooled_features", () => tokens);
        }
        // CLIP's class token stays as row 0 and takes part in nothing.
        var skip = isClip ? 1 : 0;
        Tensor Frame(Tensor x, int f) => x.select(0, f).narrow(0, skip, x.shape[1] - skip);
        var frames = Enumerable.Range(0, (int)tokens.shape[0]).Select(f => Pruning.VisionZip.Of(
            Frame(tokens, f), Frame(score, f).ToArray<float>(), Frame(keys, f),
            golden.Integer("dominant"), golden.Integer("contextual"))).ToArray();
        golden.Compare("kept", () => frames.SelectMany(frame =>
            Enumerable.Range(0, skip).Concat(frame.Dominant.Concat(frame.Targets).Select(p => p + skip))));
        golden.CompareTensor("features", () => stack(
            [.. frames.Select((frame, f) => cat([tokens.select(0, f).narrow(0, 0, skip), frame.Rows], 0))], 0));
        golden.Compare("owner", () => frames.SelectMany(frame => frame.Owner));
    }

    internal static void PruMerge(BaselineCase golden)
    {
        var (tokens, keys, query) = (golden.In("features"), golden.In("keys"), golden.In("q_cls"));
        var (frames, count, width) = ((int)tokens.shape[0], (int)tokens.shape[1], tokens.shape[2]);
        var attention = (keys.bmm(query.unsqueeze(-1)).squeeze(-1) * (1 / Math.Sqrt(width))).softmax(-1).narrow(1, 1, count);
        golden.CompareTensor("attn", () => attention);
        var ratio = golden.Flag("adaptive") ? Pruning.PruMerge.AdaptiveRatio(attention.ToArray<float>()) : golden.Number("ratio");
        golden.Compare("ratio", () => new[] { (float)ratio });
        var scores = Enumerable.Range(0, frames).Select(f => attention.select(0, f).ToArray<float>()).ToArray();
        var kept = scores.Select(score => Ranking.Top(score, (int)(count * ratio))).ToArray();
        if (golden.Variant == "plus")
            kept = [.. kept.Select(frame => Pruning.PruMerge.Plus(frame, ratio, golden.Integer("sequence_end")))];
        golden.Compare("kept", () => kept.SelectMany(frame => frame));
        golden.CompareTensor("features", () => stack([.. Enumerable.Range(0, frames).Select(f => Pruning.PruMerge.Merge(
            tokens.select(0, f), scores[f], keys.select(0, f).narrow(0, 1, count), kept[f], golden.Integer("neighbours")))], 0));
    }

    internal static void PruneVid(BaselineCase golden)
    {
        switch (golden.Variant)
        {
            case "refine":
                golden.Compare("refined", () => golden.Params.GetProperty("labels").EnumerateArray().SelectMany(row =>
                    PruneVidScenes.Refine([.. row.EnumerateArray().Select(label => label.GetInt32())])));
                return;
            case "stage2":
                var attention = golden.In("text_attn");
                var score = attention.ToArray<float>().Chunk((int)attention.shape[2])
                    .Aggregate((x, y) => [.. x.Zip(y, Math.Max)]);
                golden.Compare("kept", () => Pruning.PruneVid.SecondStage(score, golden.Integers("static_sizes"),
                    golden.Integers("dynamic_sizes"), golden.Integers("window_sizes"), golden.Number("alpha")));
                return;
        }
        var options = new PruneVidOptions(
            golden.Number("tau"), golden.Number("segment_ratio"), golden.Integer("k"), golden.Integer("min_cluster"));
        var tokens = golden.In("features");
        var scenes = Pruning.PruneVid.Scenes(tokens, options);
        var rows = Pruning.PruneVid.Cluster(tokens, scenes, golden.Number("cluster_ratio"), options);
        golden.Compare("owner", () => rows.Owner);
        golden.CompareTensor("features", () => Pruning.PruneVid.Means(tokens, rows));
        golden.Compare("static_sizes", () => rows.StaticSizes);
        golden.Compare("dynamic_sizes", () => rows.DynamicSizes);
        golden.Compare("window_sizes", () => scenes.Select(scene => scene.Frames.Count));
    }

    internal static void HoliTom(BaselineCase golden)
    {
        if (golden.Variant == "inner")
        {
            InnerGolden.Subset(golden, (attention, hidden, n) =>
            {
                var kept = FastV.MostAttended(attention, FastV.Count(n, golden.Number("R")));
                return (kept, Pruning.HoliTom.FoldInto(hidden, kept));
            });
            return;
        }
        var method = new HoliTom(golden.Number("retain_ratio"), new HoliTomOptions
        {
            Tau = golden.Number("tau"),
            Beta = golden.Number("beta"),
            Density = golden.Number("D"),
            Neighbours = golden.Integer("K"),
            LongestWindow = golden.Integer("max_window"),
        });
        var chunks = golden.Chunks(VisionSignal.ReceivedAttention, "attn");
        var plan = (HoliTomPlan)method.Plan([.. chunks.Select(method.Summarise)], int.MaxValue);
        golden.Compare("windows", () => plan.Pieces.SelectMany(window => new[] { window.First, window.End - 1 }));
        golden.Compare("reduced", () => (int[])[HoliTomWindows.Of(plan.Still, plan.Shape.Frames, plan.Shape.Positions, golden.Integer("max_window")).Reduced]);
        golden.Compare("effective_ratio", () => new[] { (float)plan.Ratio });
        using var kept = BackwardPass.Run(method, plan, chunks);
        if (golden.Variant != "outer_grid")
        {
            golden.Compare("kept", () => kept.Origins);
            golden.CompareTensor("features", () => kept.Values);
            return;
        }
        var side = (int)Math.Round(Math.Sqrt(plan.Shape.Positions));
        var layout = VideoLayout.Of(plan.Shape.Frames, side, side, NewlinePosition.Grid);
        var video = VideoSequence.Build(kept.Values, kept.Origins, golden.In("newline"), layout, NewlineStay.NonEmptyRows, renumbered: true);
        golden.CompareTensor("features", () => video.Tokens);
        golden.Compare("kept", () =>
        {
            var origins = Enumerable.Repeat(-1, video.Indices.Count).ToArray();
            for (var i = 0; i < kept.Origins.Length; i++)
                origins[video.VisualRows[i]] = kept.Origins[i];
            return origins;
        });
    }

    internal static void FlashVid(BaselineCase golden)
    {
        var method = new FlashVid(golden.Number("retention_ratio"), new FlashVidOptions
        {
            Expansion = golden.Number("expansion"),
            Alpha = golden.Number("alpha"),
            Tau = golden.Number("temporal_threshold"),
            SegmentThreshold = golden.Number("segment_threshold"),
            Segments = golden.Integer("min_segment_num"),
            Selection = Enum.Parse<FlashVidSelection>(golden.Params.GetProperty("selection").GetString()!.Replace("_", "", StringComparison.Ordinal), ignoreCase: true),
            Neighbours = golden.Integer("k"),
        });
        var chunks = golden.Chunks(VisionSignal.ReceivedAttention, "attn");
        var plan = method.Plan([.. chunks.Select(method.Summarise)], int.MaxValue);
        golden.Compare("segment_lengths", () => plan.Pieces.Select(piece => piece.Count));
        using var kept = BackwardPass.Run(method, plan, chunks);
        golden.Compare("kept", () => kept.Origins);
        golden.CompareTensor("features", () => kept.Values);
    }
}
