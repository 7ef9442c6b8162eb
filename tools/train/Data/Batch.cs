using HieraVid.World.Questions;

namespace HieraVid.Train.Data;

/// <summary>A question's answer in a batch: which output rows predict it, and which tokens it is.</summary>
/// <param name="Question">The question.</param>
/// <param name="FirstRow">Its first prediction among <see cref="Batch.Targets"/>.</param>
/// <param name="Count">Its tokens, the stop token included.</param>
internal sealed record PackedAnswer(Question Question, int FirstRow, int Count);

/// <summary>Words of questions that stand for something in the video.</summary>
/// <param name="Head">What is to be told of them.</param>
/// <param name="Rows">Which of the Size · Length tokens they are.</param>
/// <param name="Truth">[label][Rows].</param>
internal sealed record NamedTokens(LabelHead Head, long[] Rows, IReadOnlyList<long[]> Truth)
{
    internal static NamedTokens Of(LabelHead head, List<(long Row, long[] Facts)> words) => new(
        head, [.. words.Select(word => word.Row)],
        [.. Enumerable.Range(0, head.Labels.Count).Select(label => words.Select(word => word.Facts[label]).ToArray())]);
}

/// <summary>Videos with their questions, packed: every sequence is prompt, video, and the questions one after the other.</summary>
internal sealed record Batch
{
    /// <summary>Videos.</summary>
    internal required int Size { get; init; }

    /// <summary>Frames per video.</summary>
    internal required int Frames { get; init; }

    /// <summary>[Size · Frames, side, side, 3].</summary>
    internal required byte[] Pixels { get; init; }

    /// <summary>In place of a label's value where it is not asked for.</summary>
    internal const long Unasked = -1;

    /// <summary>Values of each label of each visual token, or <see cref="Unasked"/>: [label][Size · Frames · tokens per frame].</summary>
    internal required long[][] Labels { get; init; }

    /// <summary>Ids before the video, the same for all.</summary>
    internal required long[] Opening { get; init; }

    /// <summary>Ids after the video: [Size, TextLength].</summary>
    internal required long[] Text { get; init; }

    /// <summary>Ids after the video per sequence, padding included.</summary>
    internal required int TextLength { get; init; }

    /// <summary>Tokens per sequence.</summary>
    internal required int Length { get; init; }

    /// <summary>Position ids: [Size, Length].</summary>
    internal required long[] Positions { get; init; }

    /// <summary>How many leading tokens each token sees: [Size, Length].</summary>
    internal required int[] Prefix { get; init; }

    /// <summary>Where each token's own question begins: [Size, Length].</summary>
    internal required int[] Start { get; init; }

    /// <summary>Which of the Size · Length outputs predict answer tokens.</summary>
    internal required long[] Rows { get; init; }

    /// <summary>The tokens that they should predict.</summary>
    internal required long[] Targets { get; init; }

    /// <summary>The questions' words for sprites and places, and what the video tells of them.</summary>
    internal required IReadOnlyList<NamedTokens> Named { get; init; }

    /// <summary>The answers, by question.</summary>
    internal required IReadOnlyList<PackedAnswer> Answers { get; init; }
}
