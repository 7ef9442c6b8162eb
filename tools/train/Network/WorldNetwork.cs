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

/// <summary>The whole network with gradients, and a head for the cell labels that is used in training only.</summary>
internal sealed class WorldNetwork(LlavaConfig config, Compute compute)
{
    private const string LabelHead = "label_head";

    /// <summary>All tensors: the checkpoint's, and the label head's.</summary>
    internal static IReadOnlyList<TensorSpec> Tensors(LlavaConfig config) =>
    [
        .. LlavaTensors.List(config, DType.BF16),
        new TensorSpec($"{LabelHead}.weight", DType.BF16, CellLabel.Sizes.Sum(), config.Text.HiddenSize),
        new TensorSpec($"{LabelHead}.bias", DType.BF16, CellLabel.Sizes.Sum()),
    ];

    /// <summary>Runs a batch.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="weights">By name.</param>
    /// <param name="stage">Which layers take part, and the weight of the labels' loss.</param>
    internal Outcome Forward(Batch batch, IReadOnlyDictionary<string, Tensor> weights, Stage stage)
    {
        using var scope = NewDisposeScope();
        var visual = See(batch, weights, stage.FreezeTower);
        var labelLosses = Labels(visual, batch, weights);
        var labelLoss = labelLosses.sum();
        if (batch.Rows.Length == 0)
            return new Outcome(labelLoss.MoveToOuterDisposeScope(), labelLosses.MoveToOuterDisposeScope(), null, null);
        var logits = Answers(visual, batch, weights, stage.Layers);
        var answerLoss = cross_entropy(logits, Ids(batch.Targets, batch.Targets.Length));
        var loss = answerLoss + labelLoss * stage.LabelWeight;
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

    private Tensor Labels(Tensor visual, Batch batch, IReadOnlyDictionary<string, Tensor> weights)
    {
        var hidden = visual.shape[2];
        var scores = linear(visual.reshape(-1, hidden), weights[$"{LabelHead}.weight"], weights[$"{LabelHead}.bias"]).to(float32);
        var losses = new List<Tensor>();
        long first = 0;
        for (var label = 0; label < CellLabel.Sizes.Count; label++)
        {
            var truth = Ids(batch.Labels[label], batch.Labels[label].Length);
            losses.Add(cross_entropy(scores.narrow(1, first, CellLabel.Sizes[label]), truth));
            first += CellLabel.Sizes[label];
        }
        return stack(losses, 0);
    }

    private Tensor Answers(
        Tensor visual, Batch batch, IReadOnlyDictionary<string, Tensor> weights, IReadOnlyList<int>? layers)
    {
        var text = config.Text;
        var decoder = new TrainableDecoder(text, weights);
        long size = batch.Size, hidden = text.HiddenSize;
        var opening = decoder.Embed(Ids(batch.Opening, batch.Opening.Length)).unsqueeze(0).expand(size, batch.Opening.Length, hidden);
        var newline = weights[LlavaNames.HuggingFace.Newline].view(1, 1, hidden).expand(size, 1, hidden);
        var questions = decoder.Embed(Ids(batch.Text, batch.Text.Length)).view(size, batch.TextLength, hidden);
        var x = cat([opening, visual.reshape(size, -1, hidden), newline, questions], 1);
        var rotary = RotaryEmbedding.Table(batch.Positions, text.HeadSize, text.RopeTheta, compute);
        using var spans = new PackedSpans(batch.Prefix, batch.Start, batch.Length, x);
        var output = decoder.Forward(x, rotary, spans, layers).reshape(-1, hidden);
        return decoder.Logits(output.index_select(0, Ids(batch.Rows, batch.Rows.Length)));
    }

    private Tensor Ids(long[] values, params long[] shape) => TensorData.From<long>(values, shape).to(compute.Device);
}
