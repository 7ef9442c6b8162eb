using HieraVid.Models;
using HieraVid.Models.Configuration;
using HieraVid.Models.Llava;
using HieraVid.Models.Qwen2;
using HieraVid.Models.Safetensors;
using HieraVid.Models.Vision;
using HieraVid.Torch;
using HieraVid.Video;
using static TorchSharp.torch;

namespace HieraVid.Client.Verification;

/// <summary>Golden values of the LLaVA video path, from uint8 frames to generated ids; both naming schemes.</summary>
internal static class LlavaGolden
{
    internal static void Run(GoldenFolder golden, LlavaConfig config, Compute compute)
    {
        // The authors' files name the tower, but the tiny one is not the real one: the case says where it is.
        var towerFolder = golden.Cases.TryGetProperty("vision_tower_dir", out var dir)
            ? Path.GetFullPath(Path.Combine(golden.Path, dir.GetString()!))
            : null;
        using var model = LlavaModel.Load(golden.Path, compute, towerFolder);
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var frames = Resized(golden.Input("frames_u8"), model.Tower.Config.ImageSize);
        var preprocessor = PreprocessorConfig.For(model.Tower.Config);
        Pixels(golden, frames, preprocessor);

        var features = model.Tower.Forward(model.Patches(frames, preprocessor.Mean, preprocessor.StandardDeviation));
        var projected = model.Project(features);
        var pooled = model.Pool(projected);
        var layout = model.Layout((int)pooled.shape[0]);
        var video = model.Sequence(pooled);
        golden.Compare("vision_features", () => features);
        golden.Compare("projected", () => projected);
        golden.Compare("projected_frame0", () => projected.narrow(0, 0, 1));
        golden.Compare("pooled", () => pooled);
        Variants(golden, model, projected);
        if (towerFolder is not null)
            Head(golden, model, features, towerFolder, model.Compute);

        var (before, after) = AroundVideo(golden.Integers("input_ids"), config);
        var embeddings = model.Splice(before, video.Tokens, after);
        golden.Compare("inputs_embeds", () => embeddings);
        golden.Compare("video_span", () => TensorData.From<long>([before.Length, video.Tokens.shape[0]], 2));
        golden.Compare("newline_indices", () => TensorData.From<long>([.. layout.Newlines.Select(i => (long)i)], layout.Newlines.Count));
        Prefill(golden, model.Decoder, embeddings);

        // LLaVA's own code generates from embeddings, so its penalty sees no prompt; the -hf code sees every id.
        int[] seen = config.Naming == LlavaNaming.HuggingFace ? [.. golden.Integers("input_ids").Select(id => (int)id)] : [];
        var penalty = GenerationConfig.Load(golden.Path).RepetitionPenalty;
        Qwen2Golden.Greedy(golden, model.Decoder, config.Text, embeddings, "greedy_ids",
            golden.Has("greedy_step_logits") ? "greedy_step_logits" : "", []);
        Qwen2Golden.Greedy(golden, model.Decoder, config.Text, embeddings, "greedy_rep_ids", "", seen, penalty);
        TokenizerGolden.Prompts(golden, config);
    }

    private static Tensor Resized(Tensor frames, int size)
    {
        var s = frames.shape;
        var source = frames.ToArray<byte>();
        var (from, to) = ((int)(s[1] * s[2] * 3), size * size * 3);
        var result = new byte[s[0] * to];
        var resize = new PillowResize((int)s[2], (int)s[1], new FrameSize(size, size));
        for (var f = 0; f < s[0]; f++)
            resize.Apply(source.AsSpan(f * from, from), result.AsSpan(f * to, to));
        return TensorData.From<byte>(result, s[0], size, size, 3);
    }

    private static void Pixels(GoldenFolder golden, Tensor frames, PreprocessorConfig preprocessor)
    {
        // The same numbers as LlavaModel.Patches forms, in the layout of the fixture.
        var pixels = ((frames.permute(0, 3, 1, 2).to(float32) * (1.0 / 255)) - preprocessor.Mean[0]) / preprocessor.StandardDeviation[0];
        var size = frames.shape[1];
        var every16 = TensorData.From<long>([.. Qwen2Golden.Range((size + 15) / 16).Select(i => i * 16)], (size + 15) / 16);
        golden.Compare("pixel_values_sub", () => pixels.index_select(2, every16).index_select(3, every16));
        golden.Compare("pixel_values_mean", () => pixels.to(float64).mean());
    }

    private static void Variants(GoldenFolder golden, LlavaModel model, Tensor projected)
    {
        using var files = CheckpointFolder.Open(golden.Path);
        using var weights = new Weights(files, model.Compute);
        foreach (var mode in Enum.GetValues<PoolMode>())
        {
            foreach (var position in Enum.GetValues<NewlinePosition>())
            {
                var spelled = position switch
                {
                    NewlinePosition.OneToken => "one_token",
                    NewlinePosition.NoToken => "no_token",
                    _ => position.ToString().ToLowerInvariant(),
                };
                var name = $"video_tokens_{mode.ToString().ToLowerInvariant()}_{spelled}";
                golden.Compare(name, () =>
                {
                    var pooled = GridPooling.Forward(projected, model.Tower.Config.GridSize, mode);
                    var side = GridPooling.PooledSize(model.Tower.Config.GridSize, mode);
                    var layout = VideoLayout.Of((int)pooled.shape[0], side, side, position);
                    var newline = weights.Load(LlavaNames.LmmsLab.Newline, model.Config.Text.HiddenSize);
                    return VideoSequence.Build(
                        pooled.reshape(-1, pooled.shape[2]), [.. Enumerable.Range(0, layout.Visual.Count)], newline, layout).Tokens;
                });
            }
        }
    }

    // FastVID's signals come from the head of the ORIGINAL tower.
    private static void Head(GoldenFolder golden, LlavaModel model, Tensor features, string towerFolder, Compute compute)
    {
        using var files = CheckpointFolder.Open(towerFolder);
        using var weights = new Weights(files, compute);
        var head = new SiglipHead(ModelConfig.Load<SiglipVisionConfig>(towerFolder), weights.Under("vision_model."));
        var (pooled, attention) = head.Forward(head.PostNorm(features));
        var mean = attention.mean([1]);
        golden.Compare("fastvid_probe_attention", () => mean);
        golden.Compare("fastvid_global_feature", () => pooled);
        golden.Compare("fastvid_attention_pooled", () =>
            GridPooling.Forward(mean.unsqueeze(-1), model.Tower.Config.GridSize, model.Config.Pool));
    }

    // The authors' fixtures mark the video by -200, the -hf ones repeat the video token.
    private static (long[] Before, long[] After) AroundVideo(long[] ids, LlavaConfig config)
    {
        bool IsVideo(long id) => id == -200 || (config.Naming == LlavaNaming.HuggingFace && id == config.VideoTokenId);
        var first = Array.FindIndex(ids, IsVideo);
        var last = Array.FindLastIndex(ids, IsVideo);
        return (ids[..first], ids[(last + 1)..]);
    }

    private static void Prefill(GoldenFolder golden, Qwen2Decoder decoder, Tensor embeddings)
    {
        var length = embeddings.shape[0];
        var (layers, rows) = (new List<Tensor>(), new List<Tensor>());
        using var cache = decoder.NewCache();
        var watch = new LayerHook(_ => true, (_, _, row) =>
        {
            rows.Add(row.cpu().clone().DetachFromDisposeScope());
            return null;
        });
        var hidden = decoder.Forward(embeddings, Qwen2Golden.Range(length), cache, watch,
            (_, x) => layers.Add(x.cpu().clone().DetachFromDisposeScope()));
        golden.Compare("layer1_output", () => layers[0]);
        golden.Compare("layer_outputs_last8", () => stack([.. layers.Select(x => x.narrow(0, length - 8, 8))], 0));
        golden.Compare("attn_last_row", () => stack(rows, 0));
        golden.Compare("logits_last8", () => decoder.Logits(hidden.narrow(0, length - 8, 8)));
        layers.Concat(rows).ToList().ForEach(tensor => tensor.Dispose());
    }
}
