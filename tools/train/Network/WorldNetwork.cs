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
    private const string SeenHead = "seen_head", WatchedHead = "watched_head", NamedHead = "named_head";

    // Layers up to here may tell what was watched; those above then find it at the visual tokens.
    private const int Watched = 6;

    /// <summary>All tensors: the checkpoint's, and the label heads'.</summary>
    internal static IReadOnlyList<TensorSpec> Tensors(LlavaConfig config) =>
    [
        .. LlavaTensors.List(config, DType.BF16),
        .. Head(SeenHead, CellLabel.Seen, config),
        .. Head(WatchedHead, CellLabel.Watched, config),
        .. Head(NamedHead, CellLabel.OfSprite, config),
    ];

    private static TensorSpec[] Head(string name, IReadOnlyList<int> labels, LlavaConfig config)
    {
        var rows = labels.Sum(label => CellLabel.Sizes[label]);
        return
        [
            new TensorSpec($"{name}.weight", DType.BF16, rows, config.Text.HiddenSize),
            new TensorSpec($"{name}.bias", DType.BF16, rows),
        ];
    }

    /// <summary>Runs a batch.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="weights">By name.</param>
    /// <param name="stage">Which layers take part, and the weight of the labels' loss.</param>
    internal Outcome Forward(Batch batch, IReadOnlyDictionary<string, Tensor> weights, Stage stage)
    {
        using var scope = NewDisposeScope();
        var visual = See(batch, weights, stage.FreezeTower);
        var seen = Labels(visual, CellLabel.Seen, [.. CellLabel.Seen.Select(label => batch.Labels[label])], SeenHead, weights);
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
        Tensor hidden, IReadOnlyList<int> labels, IReadOnlyList<long[]> truth, string head, IReadOnlyDictionary<string, Tensor> weights)
    {
        using var scope = NewDisposeScope();
        var embedding = weights[$"{LlavaNames.HuggingFace.Decoder}embed_tokens.weight"];
        var (named, free) = words.Rows(labels, embedding);
        var rows = named.matmul(embedding) + weights[$"{head}.weight"] * free;
        var scores = linear(hidden.reshape(-1, config.Text.HiddenSize), rows, weights[$"{head}.bias"]).to(float32);
        var losses = new List<Tensor>();
        long first = 0;
        for (var i = 0; i < labels.Count; i++)
        {
            var size = CellLabel.Sizes[labels[i]];
            losses.Add(cross_entropy(scores.narrow(1, first, size), Ids(truth[i], truth[i].Length)));
            first += size;
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
            between.narrow(1, batch.Opening.Length, frames.shape[1]), CellLabel.Watched,
            [.. CellLabel.Watched.Select(label => batch.Labels[label])], WatchedHead, weights);
        // A question's word for a sprite knows by now what the video says of it; what follows has only to pass it on.
        if (batch.NamedRows.Length > 0)
        {
            var named = between.reshape(-1, hidden).index_select(0, Ids(batch.NamedRows, batch.NamedRows.Length));
            watched = cat([watched, Labels(named, CellLabel.OfSprite, batch.Named, NamedHead, weights)], 0);
        }
        var output = decoder.Forward(between, rotary, spans, [.. layers.Where(layer => layer > Watched)]).reshape(-1, hidden);
        return (decoder.Logits(output.index_select(0, Ids(batch.Rows, batch.Rows.Length))), watched);
    }

    private Tensor Ids(long[] values, params long[] shape) => TensorData.From<long>(values, shape).to(compute.Device);
}
