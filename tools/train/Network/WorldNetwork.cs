using HieraVid.Models;
using HieraVid.Models.Llava;
using HieraVid.Models.Qwen2;
using HieraVid.Models.Safetensors;
using HieraVid.Torch;
using HieraVid.Torch.Training;
using HieraVid.Train.Data;
using HieraVid.World.Rendering;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace HieraVid.Train.Network;

/// <summary>What a batch gave.</summary>
/// <param name="Loss">What to differentiate: answers' and labels' losses, weighted.</param>
/// <param name="LabelLosses">The mean loss of each of the cell labels.</param>
/// <param name="Logits">[answer tokens, vocabulary]; null for a batch without questions.</param>
/// <param name="AnswerLoss">The mean loss of the answers' tokens; null likewise.</param>
internal sealed record Outcome(Tensor Loss, Tensor LabelLosses, Tensor? Logits, Tensor? AnswerLoss);

/// <summary>The whole network with gradients, and heads for the cell labels that are used in training only.</summary>
/// <param name="config">The model.</param>
/// <param name="words">What labels are called.</param>
/// <param name="compute">Where and how.</param>
internal sealed class WorldNetwork(LlavaConfig config, LabelWords words, Compute compute)
{
    private const string SeenHead = "seen_head", WatchedHead = "watched_head";

    // Layers up to here may tell what was watched; those above then find it at the visual tokens.
    private const int Watched = 6;

    /// <summary>All tensors: the checkpoint's, and the label heads'.</summary>
    internal static IReadOnlyList<TensorSpec> Tensors(LlavaConfig config) =>
    [
        .. LlavaTensors.List(config, DType.BF16),
        new TensorSpec($"{SeenHead}.weight", DType.BF16, CellLabel.SeenSizes.Sum(), config.Text.HiddenSize),
        new TensorSpec($"{SeenHead}.bias", DType.BF16, CellLabel.SeenSizes.Sum()),
        new TensorSpec($"{WatchedHead}.weight", DType.BF16, CellLabel.WatchedSizes.Sum(), config.Text.HiddenSize),
        new TensorSpec($"{WatchedHead}.bias", DType.BF16, CellLabel.WatchedSizes.Sum()),
    ];

    /// <summary>Runs a batch.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="weights">By name.</param>
    /// <param name="stage">Which layers take part, and the weight of the labels' loss.</param>
    internal Outcome Forward(Batch batch, IReadOnlyDictionary<string, Tensor> weights, Stage stage)
    {
        using var scope = NewDisposeScope();
        var visual = See(batch, weights, stage.FreezeTower);
        var seen = Labels(visual, batch, 0, CellLabel.SeenSizes, SeenHead, weights);
        if (batch.Rows.Length == 0)
            return new Outcome(seen.sum().MoveToOuterDisposeScope(), seen.MoveToOuterDisposeScope(), null, null);
        var (logits, watched) = Answers(visual, batch, weights, stage.Layers);
        var labelLosses = cat([seen, watched], 0);
        var answerLoss = cross_entropy(logits, Ids(batch.Targets, batch.Targets.Length));
        var loss = answerLoss + labelLosses.sum() * stage.LabelWeight;
        return new Outcome(
            loss.MoveToOuterDisposeScope(), labelLosses.MoveToOuterDisposeScope(), logits.MoveToOuterDisposeScope(),
            answerLoss.MoveToOuterDisposeScope());
    }

    private Tensor See(Batch batch, IReadOnlyDictionary<string, Tensor> weights, bool frozen)
    {
        using var scope = NewDisposeScope();
        using var off = frozen ? no_grad() : null;
        var side = config.ResolveVision().ImageSize;
        var frames = TensorData.From<byte>(batch.Pixels, batch.Size * batch.Frames, side, side, 3).to(compute.Device);
        return new TrainableTower(config, weights).Forward(frames).MoveToOuterDisposeScope();
    }

    // The loss of each of some labels. A value that has a word is recognized by the word's embeddings: what tokens say of a cell is
    // then in the decoder's own terms before it has seen the first question.
    private Tensor Labels(
        Tensor hidden, Batch batch, int firstLabel, IReadOnlyList<int> sizes, string head, IReadOnlyDictionary<string, Tensor> weights)
    {
        using var scope = NewDisposeScope();
        var embedding = weights[$"{LlavaNames.HuggingFace.Decoder}embed_tokens.weight"];
        var (named, free) = words.Rows(firstLabel, sizes, embedding);
        var rows = named.matmul(embedding) + weights[$"{head}.weight"] * free;
        var scores = linear(hidden.reshape(-1, config.Text.HiddenSize), rows, weights[$"{head}.bias"]).to(float32);
        var losses = new List<Tensor>();
        long first = 0;
        for (var i = 0; i < sizes.Count; i++)
        {
            var truth = Ids(batch.Labels[firstLabel + i], batch.Labels[firstLabel + i].Length);
            losses.Add(cross_entropy(scores.narrow(1, first, sizes[i]), truth));
            first += sizes[i];
        }
        return stack(losses, 0).MoveToOuterDisposeScope();
    }

    private (Tensor Logits, Tensor Watched) Answers(
        Tensor visual, Batch batch, IReadOnlyDictionary<string, Tensor> weights, IReadOnlyList<int>? layers)
    {
        var text = config.Text;
        var decoder = new TrainableDecoder(text, weights);
        long size = batch.Size, hidden = text.HiddenSize;
        var opening = decoder.Embed(Ids(batch.Opening, batch.Opening.Length)).unsqueeze(0).expand(size, batch.Opening.Length, hidden);
        var newline = weights[LlavaNames.HuggingFace.Newline].view(1, 1, hidden).expand(size, 1, hidden);
        var questions = decoder.Embed(Ids(batch.Text, batch.Text.Length)).view(size, batch.TextLength, hidden);
        var frames = visual.reshape(size, -1, hidden);
        var x = cat([opening, frames, newline, questions], 1);
        var rotary = RotaryEmbedding.Table(batch.Positions, text.HeadSize, text.RopeTheta, compute);
        using var spans = new PackedSpans(batch.Prefix, batch.Start, batch.Length, x);
        layers ??= [.. Enumerable.Range(0, text.LayerCount)];
        var between = decoder.Forward(x, rotary, spans, [.. layers.Where(layer => layer <= Watched)]);
        var watched = Labels(
            between.narrow(1, batch.Opening.Length, frames.shape[1]), batch, CellLabel.SeenSizes.Count, CellLabel.WatchedSizes,
            WatchedHead, weights);
        var output = decoder.Forward(between, rotary, spans, [.. layers.Where(layer => layer > Watched)]).reshape(-1, hidden);
        return (decoder.Logits(output.index_select(0, Ids(batch.Rows, batch.Rows.Length))), watched);
    }

    private Tensor Ids(long[] values, params long[] shape) => TensorData.From<long>(values, shape).to(compute.Device);
}
