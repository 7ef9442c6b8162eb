using HieraVid.Pruning;
using HieraVid.Torch;
using static TorchSharp.torch;

namespace HieraVid.Client.Verification;

/// <summary>Golden values of the baselines that keep tokens as they are.</summary>
internal static class SelectionGolden
{
    internal static void Sampling(BaselineCase golden)
    {
        int F() => golden.Integer("F");
        int N() => golden.Integer("N");
        var seed = golden.Integer("seed");
        switch (golden.Variant)
        {
            case "splitmix64":
                var generator = new SplitMix64(seed);
                var stream = Enumerable.Range(0, 8).Select(_ => generator.Next()).ToArray();
                golden.CompareLong("stream_hi", () => stream.Select(value => (long)(value >> 32)));
                golden.CompareLong("stream_lo", () => stream.Select(value => (long)(uint)value));
                break;
            case "uniform_tokens":
                var positions = Uniform.Spaced(N(), golden.Integer("keep_per_frame"));
                golden.Compare("kept", () => Enumerable.Range(0, F()).SelectMany(f => positions.Select(p => f * N() + p)));
                break;
            case "uniform_frames":
                golden.Compare("kept", () => Uniform.Spaced(F(), golden.Integer("keep_frames"))
                    .SelectMany(f => Enumerable.Range(f * N(), N())));
                break;
            case "random_video":
                golden.Compare("kept", () => RandomTokens.OfVideo(F() * N(), golden.Integer("keep"), seed));
                break;
            case "random_per_frame":
                golden.Compare("kept", () => RandomTokens.OfFrames(F(), N(), golden.Integer("keep_per_frame"), seed));
                break;
        }
    }

    internal static void Evs(BaselineCase golden)
    {
        var chunks = golden.Chunks();
        golden.Compare("kept", () =>
        {
            var (similarity, shape) = SimilaritySummary.Join([.. chunks.Select(SimilaritySummary.Of)]);
            return Pruning.Evs.Kept(similarity, shape.Positions, golden.Number("q"));
        });
    }

    internal static void DyCoke(BaselineCase golden)
    {
        if (golden.Variant == "dp")
        {
            Decoding(golden);
            return;
        }
        var tokens = golden.In("features");
        var (frames, positions, width) = ((int)tokens.shape[0], (int)tokens.shape[1], tokens.shape[2]);
        int[] kept =
        [
            .. golden.Chunks(size: 4).SelectMany(group =>
                Pruning.DyCoke.Kept(group, frames, golden.Number("k"), golden.Flag("process_last_group"))
                    .Select(row => group.FirstFrame * positions + row)),
        ];
        golden.Compare("kept", () => kept);
        golden.CompareTensor("features", () => tokens.reshape(-1, width).index_select(0, Index(kept)));
        var lost = golden.Flag("process_last_group") ? 0 : frames % 2;
        golden.Compare("frame_counts", () =>
            Enumerable.Range(0, frames - lost).Select(f => kept.Count(token => token / positions == f)));
    }

    private static void Decoding(BaselineCase golden)
    {
        var steps = golden.In("attn_steps");
        var decoding = new DyCokeDecoding(golden.Integer("start"), golden.Integer("n"), golden.Number("p"),
            golden.Number("threshold"), golden.Flag("reuse"));
        var (similarity, updated) = (new List<float>(), new List<int>());
        for (var step = 0; step < steps.shape[0]; step++)
        {
            var kept = decoding.Step(steps.select(0, step).ToArray<float>(), (int)steps.shape[1]);
            golden.Compare($"kept_step{step}", () => kept);
            similarity.Add(decoding.Similarity);
            updated.Add(decoding.Updated ? 1 : 0);
        }
        golden.Compare("similarity", () => similarity.ToArray());
        golden.Compare("updated", () => updated);
    }

    internal static void DivPrune(BaselineCase golden)
    {
        var tokens = golden.In("features");
        var groups = golden.Variant == "per_frame" ? tokens.shape[0] : 1;
        var rows = tokens.reshape(groups, -1, tokens.shape[2]);
        var keep = (int)Math.Round(golden.Number("ratio") * rows.shape[1]);
        var picks = Enumerable.Range(0, (int)groups).Select(g => Pruning.DivPrune.Picks(rows.select(0, g), keep)).ToArray();
        golden.Compare("pick_order", () => picks.SelectMany(order => order));
        golden.Compare("kept", () => picks.SelectMany(order => order.Order()));
    }

    internal static void CdPruner(BaselineCase golden)
    {
        var image = golden.In("image_embeds");
        var rho = Pruning.CdPruner.Relevance(image.reshape(-1, image.shape[2]), golden.In("text_embeds"));
        golden.Compare("relevance", () => rho);
        var tokens = golden.In("features");
        var groups = golden.Variant == "batch" ? (int)tokens.shape[0] : 1;
        var rows = tokens.reshape(groups, -1, tokens.shape[2]);
        var size = rho.Length / groups;
        var picks = Enumerable.Range(0, groups).Select(g =>
            Pruning.CdPruner.Picks(rows.select(0, g), rho[(g * size)..((g + 1) * size)], golden.Integer("keep"))).ToArray();
        golden.Compare("pick_order", () => picks.SelectMany(order => order));
        golden.Compare("kept", () => picks.SelectMany(order => order.Order()));
    }

    internal static void VidCom2(BaselineCase golden)
    {
        var tokens = golden.In("features");
        var positions = (int)tokens.shape[1];
        var (kept, scales) = Pruning.VidCom2.Kept(tokens, golden.Number("base_scale"));
        golden.Compare("kept", () => kept.SelectMany((frame, f) => frame.Select(p => f * positions + p)));
        golden.Compare("frame_counts", () => kept.Select(frame => frame.Length));
        golden.Compare("scales", () => scales);
        var (height, width) = (golden.Integers("grid")[0], golden.Integers("grid")[1]);
        golden.Compare("kept_with_newline", () => kept.SelectMany((frame, f) =>
            frame.Select(p => p + p / width).Concat(Enumerable.Range(1, height).Select(row => row * (width + 1) - 1))
                .Select(index => f * height * (width + 1) + index)));
    }

    private static Tensor Index(int[] rows) => TensorData.From<long>([.. rows], rows.Length);
}
