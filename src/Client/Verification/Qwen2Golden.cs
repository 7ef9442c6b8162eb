using HieraVid.Models;
using HieraVid.Models.Configuration;
using HieraVid.Models.Generation;
using HieraVid.Models.Qwen2;
using HieraVid.Models.Safetensors;
using HieraVid.Torch;
using static TorchSharp.torch;

namespace HieraVid.Client.Verification;

/// <summary>Golden values of a Qwen2 decoder: plain, with gaps in the positions, and with tokens dropped inside.</summary>
internal static class Qwen2Golden
{
    internal static void Run(GoldenFolder golden, Qwen2Config config, Compute compute)
    {
        using var files = CheckpointFolder.Open(golden.Path);
        using var weights = new Weights(files, compute.Placed(config, files, _ => ModelPart.Decoder, config.MaxPositions));
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var decoder = new Qwen2Decoder(config, weights.Under("model."), weights);
        var ids = golden.Integers("input_ids");
        var positions = Range(ids.Length);
        var embeddings = decoder.Embed(ids);

        golden.Compare("inputs_embeds", () => embeddings);
        Pass(golden, decoder, "", embeddings, positions);
        golden.Compare("attn_layer1_full", () => LayerRows(decoder, embeddings, layer: 1));
        Greedy(golden, decoder, config, embeddings, "greedy_ids", "greedy_step_logits", []);
        var penalty = GenerationConfig.Load(golden.Path).RepetitionPenalty;
        Greedy(golden, decoder, config, embeddings, "greedy_rep_ids", "", [.. ids.Select(id => (int)id)], penalty);

        var kept = golden.Integers("pruned_position_ids");
        var pruned = embeddings.index_select(0, TensorData.From<long>(kept, kept.Length).to(embeddings.device));
        golden.Compare("pruned_inputs_embeds", () => pruned);
        Pass(golden, decoder, "pruned_", pruned, kept);
        golden.Compare("compact_logits", () => Logits(decoder, pruned, Range(kept.Length)));
        var far = golden.Integers("far_position_ids");
        golden.Compare("far_logits", () => Logits(decoder, embeddings, far));
        Continue(golden, decoder, "pruned_decode", pruned, kept, hook: null);

        var layer = golden.Cases.GetProperty("info").GetProperty("midprune_layer").GetInt32();
        var keep = golden.Integers("midprune_keep");
        golden.Compare("midprune_logits", () => MidPruned(decoder, embeddings, positions, layer, keep));
        Continue(golden, decoder, "midprune_decode", embeddings, positions, DropBefore(layer, keep));
    }

    // Dropped between attention and feed-forward of the layer before: the feed-forward works on each token alone, so the kept
    // tokens' values are those of a drop after it.
    private static LayerHook DropBefore(int layer, long[] keep) => new(i => i == layer - 1, (_, _, _) => keep);

    private static Tensor MidPruned(Qwen2Decoder decoder, Tensor embeddings, long[] positions, int layer, long[] keep)
    {
        using var cache = decoder.NewCache();
        return decoder.Logits(decoder.Forward(embeddings, positions, cache, DropBefore(layer, keep)));
    }

    internal static void Pass(GoldenFolder golden, Qwen2Decoder decoder, string prefix, Tensor embeddings, PositionIds positions)
    {
        var layers = new List<Tensor>();
        var rows = new List<Tensor>();
        using var cache = decoder.NewCache();
        var watch = new LayerHook(_ => true, (_, _, row) =>
        {
            rows.Add(row.cpu().clone().DetachFromDisposeScope());
            return null;
        });
        var hidden = decoder.Forward(
            embeddings, positions, cache, watch, (_, x) => layers.Add(x.cpu().clone().DetachFromDisposeScope()));
        golden.Compare($"{prefix}layer_outputs", () => stack(layers, 0));
        golden.Compare($"{prefix}final_norm", () => decoder.Norm(hidden));
        golden.Compare($"{prefix}logits", () => decoder.Logits(hidden));
        golden.Compare($"{prefix}attn_last_row", () => stack(rows, 0));
        golden.Compare($"{prefix}k_cache", () => stack([.. layers.Select((_, i) => cache.Keys(i).cpu())], 0));
        golden.Compare($"{prefix}v_cache", () => stack([.. layers.Select((_, i) => cache.Values(i).cpu())], 0));
        layers.Concat(rows).ToList().ForEach(tensor => tensor.Dispose());
    }

    // Row t of a causal attention matrix is the last row of the prefix of t + 1 tokens.
    private static Tensor LayerRows(Qwen2Decoder decoder, Tensor embeddings, int layer)
    {
        var length = embeddings.shape[0];
        var rows = new List<Tensor>();
        for (var t = 0; t < length; t++)
        {
            using var cache = decoder.NewCache();
            var watch = new LayerHook(i => i == layer, (_, _, row) =>
            {
                rows.Add(cat([row, zeros([row.shape[0], length - row.shape[1]], device: row.device)], 1).DetachFromDisposeScope());
                return null;
            });
            decoder.Forward(embeddings.narrow(0, 0, t + 1), Range(t + 1), cache, watch);
        }
        var result = stack(rows, 1);
        rows.ForEach(row => row.Dispose());
        return result;
    }

    internal static Tensor Logits(Qwen2Decoder decoder, Tensor embeddings, PositionIds positions)
    {
        using var cache = decoder.NewCache();
        return decoder.Logits(decoder.Forward(embeddings, positions, cache));
    }

    internal static void Greedy(
        GoldenFolder golden, Qwen2Decoder decoder, Qwen2Config config, Tensor embeddings, string idsName, string logitsName,
        int[] seen, double penalty = 1, PositionIds? positions = null)
    {
        var expected = golden.Integers(idsName).Select(id => (int)id).ToArray();
        using var session = new DecodingSession(decoder);
        var (chosen, steps, penalised) = (new List<int>(), new List<float>(), new List<float[]>());
        var logits = session.Prefill(embeddings, positions);
        for (var i = 0; i < expected.Length; i++)
        {
            steps.AddRange(logits);
            chosen.Add(new TokenSampler(new SamplingOptions { RepetitionPenalty = penalty }, seen.Concat(expected.Take(i))).Next(logits));
            penalised.Add(logits);
            // The expected token goes on, so that one choice between near equals does not spoil all that follow.
            if (i + 1 < expected.Length)
                logits = session.Step(expected[i]);
        }
        golden.CompareChoices(idsName, chosen, penalised);
        if (logitsName.Length > 0)
            golden.Compare(logitsName, () => TensorData.From<float>([.. steps], expected.Length, config.VocabularySize));
    }

    // Feeds the expected ids one by one after a pruned prompt and compares the logits after each.
    internal static void Continue(
        GoldenFolder golden, Qwen2Decoder decoder, string name, Tensor embeddings, PositionIds positions, LayerHook? hook)
    {
        var expected = golden.Integers($"{name}_ids").Select(id => (int)id).ToArray();
        using var session = new DecodingSession(decoder);
        var choice = new TokenSampler(new SamplingOptions());
        List<float[]> all = [session.Prefill(embeddings, positions, hook), .. expected.Select(id => session.Step(id))];
        var steps = all.Skip(1).SelectMany(logits => logits);
        golden.CompareChoices($"{name}_ids", [.. all.Take(expected.Length).Select(logits => choice.Next(logits))], all);
        golden.Compare($"{name}_logits", () => TensorData.From<float>([.. steps], expected.Length, decoder.Config.VocabularySize));
    }

    internal static long[] Range(long count) => [.. Enumerable.Range(0, (int)count).Select(i => (long)i)];
}
