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
    // Layers up to here may tell what was watched, at the visual tokens and at the questions' words for sprites and places; those
    // up to the second have compared what the words know.
    private const int Watched = 6, Compared = 10;

    /// <summary>All tensors: the checkpoint's, and the label heads'.</summary>
    internal static IReadOnlyList<TensorSpec> Tensors(LlavaConfig config) =>
    [
        .. LlavaTensors.List(config, DType.BF16),
        .. LabelHead.All.SelectMany(head => new[]
        {
            new TensorSpec($"{head.Name}.weight", DType.BF16, head.Rows, config.Text.HiddenSize),
            new TensorSpec($"{head.Name}.bias", DType.BF16, head.Rows),
        }),
    ];

    /// <summary>Runs a batch.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="weights">By name.</param>
    /// <param name="stage">Which layers take part, and the weight of the labels' loss.</param>
    internal Outcome Forward(Batch batch, IReadOnlyDictionary<string, Tensor> weights, Stage stage)
    {
        using var scope = NewDisposeScope();
        var visual = See(batch, weights, stage.FreezeTower);
        var seen = Labels(visual, LabelHead.Seen, [.. CellLabel.Seen.Select(label => batch.Labels[label])], weights);
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
        Tensor hidden, LabelHead head, IReadOnlyList<long[]> truth, IReadOnlyDictionary<string, Tensor> weights)
    {
        using var scope = NewDisposeScope();
        var embedding = weights[$"{LlavaNames.HuggingFace.Decoder}embed_tokens.weight"];
        var (named, free) = words[head];
        var rows = named.mm(embedding) + weights[$"{head.Name}.weight"] * free;
        var scores = linear(hidden.reshape(-1, config.Text.HiddenSize), rows, weights[$"{head.Name}.bias"]).to(float32);
        var losses = new List<Tensor>();
        long first = 0;
        for (var i = 0; i < head.Labels.Count; i++)
        {
            var size = head.Labels[i].Size;
            losses.Add(Loss(scores.narrow(1, first, size), truth[i]));
            first += size;
        }
        return stack(losses, 0).MoveToOuterDisposeScope();
    }

    // Over the rows that are asked.
    private Tensor Loss(Tensor scores, long[] truth)
    {
        var asked = Enumerable.Range(0, truth.Length).Where(row => truth[row] != Batch.Unasked).Select(row => (long)row).ToArray();
        if (asked.Length == truth.Length)
            return cross_entropy(scores, Ids(truth, truth.Length));
        return asked.Length == 0 ? zeros([], float32, compute.Device)
            : cross_entropy(scores.index_select(0, Ids(asked, asked.Length)), Ids([.. asked.Select(row => truth[row])], asked.Length));
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
        using var attention = new PackedAttention(batch.Prefix, batch.Start, batch.Length, x);
        layers ??= [.. Enumerable.Range(0, text.LayerCount)];
        Tensor Through(Tensor state, int after, int last) =>
            decoder.Forward(state, rotary, attention, [.. layers.Where(layer => layer > after && layer <= last)]);
        var known = Through(x, -1, Watched);
        var watched = Labels(
            known.narrow(1, batch.Opening.Length, frames.shape[1]), LabelHead.Watched,
            [.. CellLabel.Watched.Select(label => batch.Labels[label])], weights);
        var compared = Through(known, Watched, Compared);
        foreach (var words in batch.Named.Where(words => words.Rows.Length > 0))
        {
            var state = words.Head.IsComparison ? compared : known;
            var named = state.reshape(-1, hidden).index_select(0, Ids(words.Rows, words.Rows.Length));
            watched = cat([watched, Labels(named, words.Head, words.Truth, weights)], 0);
        }
        var output = Through(compared, Compared, int.MaxValue).reshape(-1, hidden);
        return (decoder.Logits(output.index_select(0, Ids(batch.Rows, batch.Rows.Length))), watched);
    }

    private Tensor Ids(long[] values, params long[] shape) => TensorData.From<long>(values, shape).to(compute.Device);
}
