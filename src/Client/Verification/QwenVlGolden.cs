using HieraVid.Models;
using HieraVid.Models.Configuration;
using HieraVid.Models.Qwen2;
using HieraVid.Models.Qwen2Vl;
using HieraVid.Models.Tokenization;
using HieraVid.Torch;
using HieraVid.Video;
using static TorchSharp.torch;

namespace HieraVid.Client.Verification;

/// <summary>Golden values of Qwen2-VL, from uint8 frames to generated ids, with and without pruning.</summary>
internal static class QwenVlGolden
{
    // What the checkpoint's own file allows a picture; a video's budget is another rule, which the sampling cases cover.
    private const long MinPixels = 3136, MaxPixels = 12845056;

    internal static void Run(GoldenFolder golden, Compute compute)
    {
        using var model = (QwenVlModel)VideoModel.Load(golden.Path, compute);
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var (frames, grid) = Resized(golden.Input("frames_u8"), model);
        var patches = model.Patches(frames);
        var steps = (int)patches.shape[0];
        golden.Compare("pixel_values_videos", () => patches);
        golden.CompareExactly("video_grid_thw", Shape(grid, steps, model), golden.Integers("video_grid_thw"));
        var tokens = Vision(golden, model, patches, grid);

        var ids = golden.Integers("input_ids");
        golden.CompareExactly("input_ids", Prompt(golden, model, "prompt", ids.Count(id => id == model.Config.VideoTokenId)), ids);
        var positions = Positions(ids, model, (model.Config.VideoTokenId, grid, steps));
        Compare(golden, "position_ids", positions);
        golden.CompareExactly("rope_delta", [positions.Next - ids.Length], golden.Integers("rope_delta"));
        var embeddings = Embed(model, ids, (model.Config.VideoTokenId, tokens));
        golden.Compare("inputs_embeds", () => embeddings);
        Qwen2Golden.Pass(golden, model.Decoder, "", embeddings, positions);
        Qwen2Golden.Greedy(golden, model.Decoder, model.Config.Text, embeddings, "greedy_ids", "greedy_step_logits", [], positions: positions);
        var penalty = GenerationConfig.Load(golden.Path).RepetitionPenalty;
        Qwen2Golden.Greedy(
            golden, model.Decoder, model.Config.Text, embeddings, "greedy_rep_ids", "", [.. ids.Select(id => (int)id)], penalty, positions);

        var kept = golden.Integers("pruned_keep");
        var pruned = embeddings.index_select(0, TensorData.From<long>(kept, kept.Length).to(embeddings.device));
        golden.Compare("pruned_logits", () => Qwen2Golden.Logits(model.Decoder, pruned, positions.Keep(kept)));
        Qwen2Golden.Continue(golden, model.Decoder, "pruned_decode", pruned, positions.Keep(kept), hook: null);
        Mixed(golden, model, tokens, grid, steps);
    }

    private static Tensor Vision(GoldenFolder golden, QwenVlModel model, Tensor patches, FrameGrid grid)
    {
        var states = new List<Tensor>();
        var features = model.Tower.Forward(patches, grid, (_, x) => states.Add(x.clone().MoveToOuterDisposeScope()));
        golden.Compare("patch_embed", () => states[0]);
        golden.Compare("vision_block_outputs", () => stack(states[1..], 0));
        var angles = VisionRotary.Angles(grid, model.Tower.Config);
        golden.Compare("vision_rope_angles", () => cat([.. Enumerable.Repeat(TensorData.From<float>(angles, angles.Length), (int)patches.shape[0])], 0));
        var tokens = model.Tower.Merge(features);
        golden.Compare("visual_tokens", () => tokens);
        return tokens;
    }

    // An image and the video in one prompt: two grids, one after the other.
    private static void Mixed(GoldenFolder golden, QwenVlModel model, Tensor video, FrameGrid grid, int steps)
    {
        var (frame, imageGrid) = Resized(golden.Input("mixed_image_u8").unsqueeze(0), model);
        var patches = model.Patches(frame);
        golden.Compare("mixed_pixel_values", () => patches);
        golden.CompareExactly("mixed_image_grid_thw", Shape(imageGrid, 1, model), golden.Integers("mixed_image_grid_thw"));
        var image = model.Tower.Merge(model.Tower.Forward(patches, imageGrid));
        var ids = golden.Integers("mixed_input_ids");
        var positions = Positions(ids, model, (model.Config.ImageTokenId, imageGrid, 1), (model.Config.VideoTokenId, grid, steps));
        Compare(golden, "mixed_position_ids", positions);
        golden.CompareExactly("mixed_rope_delta", [positions.Next - ids.Length], golden.Integers("mixed_rope_delta"));
        var embeddings = Embed(model, ids, (model.Config.ImageTokenId, image), (model.Config.VideoTokenId, video));
        golden.Compare("mixed_logits_last4", () =>
        {
            var logits = Qwen2Golden.Logits(model.Decoder, embeddings, positions);
            return logits.narrow(0, ids.Length - 4, 4);
        });
    }

    private static (Tensor Frames, FrameGrid Grid) Resized(Tensor frames, QwenVlModel model)
    {
        var (count, height, width) = ((int)frames.shape[0], (int)frames.shape[1], (int)frames.shape[2]);
        var size = SmartResize.Size(height, width, MinPixels, MaxPixels)
            ?? throw new InvalidDataException($"The golden's pictures of {width} x {height} can't be resized.");
        var (from, to) = (height * width * 3, size.Height * size.Width * 3);
        var source = frames.ToArray<byte>();
        var result = new byte[count * to];
        var resize = new PillowResize(width, height, new FrameSize(size.Width, size.Height));
        for (var f = 0; f < count; f++)
            resize.Apply(source.AsSpan(f * from, from), result.AsSpan(f * to, to));
        var grid = new FrameGrid(size.Width, size.Height, size.Height / SmartResize.Factor, size.Width / SmartResize.Factor,
            model.Tower.Config.FramesPerPatch);
        return (TensorData.From<byte>(result, count, size.Height, size.Width, 3), grid);
    }

    private static long[] Shape(FrameGrid grid, int steps, QwenVlModel model) =>
        [steps, grid.Rows * model.Tower.Config.MergeSize, grid.Columns * model.Tower.Config.MergeSize];

    // The prompt as the product builds it, the video's placeholder repeated as in the reference.
    private static long[] Prompt(GoldenFolder golden, QwenVlModel model, string name, int videoTokens)
    {
        var prompt = golden.Cases.GetProperty("info").GetProperty(name).GetString()!;
        var question = prompt.Split(model.Config.Template.VideoEnd)[1].Split(ChatTemplate.StopToken)[0];
        var encoded = model.Config.Template.Encode(
            ByteLevelTokenizer.Load(golden.Path), [new ChatTurn(ChatRole.User, question, model.Config.Template.Placement)]);
        return [.. encoded.Ids.SelectMany(id => id == PromptTokens.VideoPlaceholder
            ? Enumerable.Repeat((long)model.Config.VideoTokenId, videoTokens)
            : [id])];
    }

    private static PositionIds Positions(long[] ids, QwenVlModel model, params (int Token, FrameGrid Grid, int Steps)[] pictures)
    {
        var positions = new PromptPositions();
        var from = 0;
        foreach (var (token, grid, steps) in pictures)
        {
            var first = Array.IndexOf(ids, token);
            var tokens = steps * grid.Tokens;
            positions.Text(first - from)
                .Video(model.Config.Positions(steps, grid.Rows, grid.Columns, secondsPerStep: 1), Enumerable.Range(0, tokens));
            from = first + tokens;
        }
        return positions.Text(ids.Length - from).Build();
    }

    private static Tensor Embed(QwenVlModel model, long[] ids, params (int Token, Tensor Values)[] pictures)
    {
        var pieces = new List<Tensor>();
        var from = 0;
        foreach (var (token, values) in pictures)
        {
            var first = Array.IndexOf(ids, token);
            pieces.AddRange([model.Decoder.Embed(ids.AsSpan(from, first - from)), values.reshape(-1, values.shape[2]).to(model.Decoder.InputDevice)]);
            from = first + (int)(values.shape[0] * values.shape[1]);
        }
        pieces.Add(model.Decoder.Embed(ids.AsSpan(from)));
        return cat(pieces, 0);
    }

    private static void Compare(GoldenFolder golden, string name, PositionIds positions) => golden.CompareExactly(
        name, [.. positions.Temporal, .. positions.Height, .. positions.Width], golden.Integers(name));
}
