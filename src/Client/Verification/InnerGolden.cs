using HieraVid.Pruning;
using HieraVid.Torch;
using static TorchSharp.torch;

namespace HieraVid.Client.Verification;

/// <summary>Golden values of the baselines that act inside the model.</summary>
internal static class InnerGolden
{
    internal static void FastV(BaselineCase golden) => Subset(golden, (attention, hidden, n) =>
    {
        var keep = golden.Variant == "flashvid_inner"
            ? FlashVid.Count(n, golden.Number("keep_ratio"))
            : Pruning.FastV.Count(n, golden.Number("R"));
        var kept = Pruning.FastV.MostAttended(attention, keep);
        return (kept, Rows(hidden, kept));
    });

    /// <summary>A choice among the visual tokens of a sequence, around which the text stays.</summary>
    internal static void Subset(BaselineCase golden, Func<Tensor, Tensor, int, (int[] Kept, Tensor Hidden)> choose)
    {
        var (start, n) = (golden.Integer("start"), golden.Integer("n"));
        var hidden = golden.In("hidden");
        var attention = golden.Has("attn_last")
            ? golden.In("attn_last")
            : Attention.Row(golden.In("q_last"), golden.In("k"), 1 / Math.Sqrt(golden.In("q_last").shape[1]));
        var end = start + n;
        var length = (int)hidden.shape[0];
        var (kept, values) = choose(attention.narrow(1, start, n), hidden.narrow(0, start, n), n);
        int[] all = [.. Enumerable.Range(0, start), .. kept.Select(row => start + row), .. Enumerable.Range(end, length - end)];
        golden.Compare("kept", () => all);
        golden.Compare("kept_visual", () => kept);
        golden.Compare("position_ids", () => all);
        golden.CompareTensor("hidden", () => cat([hidden.narrow(0, 0, start), values, hidden.narrow(0, end, length - end)], 0));
    }

    internal static void FrameFusion(BaselineCase golden)
    {
        var types = golden.Integers("patch_type");
        var positions = types.Max() + 1;
        var start = Array.IndexOf(types, 0);
        var count = types.Count(type => type >= 0);
        var method = new FrameFusion(golden.Number("cost"), golden.Integer("num_layers"),
            golden.Number("similarity_lower_bound"), golden.Number("ratio_lower_bound"));
        var sequence = golden.In("hidden");
        var (length, width) = ((int)sequence.shape[0], sequence.shape[1]);
        var chunks = Chunks(sequence.narrow(0, start, count).reshape(-1, positions, width));
        var plan = method.Plan([.. chunks.Select(method.Summarise)], int.MaxValue);
        var entered = BackwardPass.Run(method, plan, chunks);

        var selections = new List<LayerSelection>();
        var (alive, hidden) = (entered.Origins, entered.Values);
        var text = cat([sequence.narrow(0, 0, start), sequence.narrow(0, start + count, length - start - count)], 0);
        var counts = new List<int> { alive.Length };
        for (var call = 1; call < golden.Integer("calls"); call++)
        {
            var delta = golden.In("delta").select(0, call - 1);
            hidden += Rows(delta.narrow(0, start, count), alive);
            text += cat([delta.narrow(0, 0, start), delta.narrow(0, start + count, length - start - count)], 0);
            var point = new LayerPoint(call - 1, LayerPlace.AfterAttention);
            var need = method.Wants(plan, point, selections);
            if (need != LayerNeed.Nothing)
            {
                var attention = need == LayerNeed.HiddenAndAttention
                    ? golden.In("attn").squeeze(1).narrow(1, start, count).index_select(1, Index(alive))
                    : null;
                var selection = method.Select(plan, point, selections, new LayerTokenStates(alive, hidden, attention));
                selections.Add(selection);
                hidden = selection.Hidden ?? Rows(hidden, selection.Kept);
                alive = selection.KeptOrigins();
            }
            counts.Add(alive.Length);
        }
        var state = selections.Count == 0 ? plan.State : ((FrameFusionSelection)selections[^1]).State;
        golden.Compare("kept", () => Enumerable.Range(0, start).Concat(alive.Select(token => start + token))
            .Concat(Enumerable.Range(start + count, length - start - count)));
        golden.CompareTensor("hidden", () => cat([text.narrow(0, 0, start), hidden, text.narrow(0, start, text.shape[0] - start)], 0));
        golden.Compare("counts", () => counts);
        golden.Compare("sparsity", () => state.Sparsity.Select(share => (float)share).ToArray());
        golden.Compare("state", () => (int[])[state.Merging ? 0 : 1, state.Pruning ? 0 : 1]);
    }

    internal static void StreamingLlm(BaselineCase golden)
    {
        if (golden.Variant == "kv_evict")
        {
            var keys = golden.In("keys");
            var kept = Pruning.StreamingLlm.Evict((int)keys.shape[1], golden.Integer("start"), golden.Integer("recent"), golden.Integer("coming"));
            golden.Compare("kept", () => kept);
            golden.CompareTensor("keys", () => keys.index_select(1, Index(kept)));
            return;
        }
        var (q, k, v) = (golden.In("q"), golden.In("k"), golden.In("v"));
        var length = (int)q.shape[1];
        var window = Pruning.StreamingLlm.WindowOf(length, golden.Number("rate"), golden.Integer("n_init"))
            ?? new AttentionWindow(0, length);
        golden.Compare("n_local", () => (int[])[window.Local]);
        golden.Compare("mask", () => Enumerable.Range(0, length * length).Select(i => window.Sees(i / length, i % length) ? 1 : 0));
        golden.CompareTensor("out", () => WindowedAttention.Forward(q.unsqueeze(0), k.unsqueeze(0), v.unsqueeze(0),
            window.Initial, window.Local, 1 / Math.Sqrt(q.shape[2])));
    }

    private static List<TokenChunk> Chunks(Tensor tokens) =>
    [
        .. Enumerable.Range(0, (int)tokens.shape[0]).Select(f =>
            new TokenChunk(f, tokens.narrow(0, f, 1), f == 0 ? null : tokens.select(0, f - 1))),
    ];

    private static Tensor Rows(Tensor values, int[] rows) => values.index_select(0, Index(rows));

    private static Tensor Index(int[] rows) => TensorData.From<long>([.. rows], rows.Length);
}
