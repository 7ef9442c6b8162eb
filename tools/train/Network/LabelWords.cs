using HieraVid.Models.Tokenization;
using HieraVid.Torch;
using HieraVid.Train.Data;
using static TorchSharp.torch;

namespace HieraVid.Train.Network;

/// <summary>Which tokens name the values of labels.</summary>
internal sealed class LabelWords
{
    private readonly Dictionary<string, int[]> _tokens;

    /// <param name="tokenizer">The model's.</param>
    internal LabelWords(ByteLevelTokenizer tokenizer)
    {
        // A word within a question and at the beginning of an answer are two tokens.
        int[] Tokens(string word) => word.Length == 0 ? [] :
            [.. new[] { word, $" {word}" }.Select(text => tokenizer.Encode(text)).Where(ids => ids.Count == 1).Select(ids => ids[0])];
        _tokens = LabelHead.All.SelectMany(head => head.Labels).SelectMany(label => label.Words).Distinct()
            .ToDictionary(word => word, Tokens);
    }

    /// <summary>How a head's rows are made.</summary>
    /// <param name="head">The head.</param>
    /// <param name="embedding">[vocabulary, hidden]: gives type and device.</param>
    /// <returns>
    /// Named: [rows, vocabulary], 1 at the tokens of a value's word. Free: [rows, 1], 1 at values without a word.
    /// </returns>
    internal (Tensor Named, Tensor Free) Rows(LabelHead head, Tensor embedding)
    {
        var (rows, width) = (head.Rows, (int)embedding.shape[0]);
        var (named, free) = (new float[rows * width], new float[rows]);
        var row = 0;
        foreach (var label in head.Labels)
            for (var value = 0; value < label.Size; value++, row++)
            {
                int[] tokens = value < label.Words.Count ? _tokens[label.Words[value]] : [];
                foreach (var token in tokens)
                    named[row * width + token] = 1;
                free[row] = tokens.Length == 0 ? 1 : 0;
            }
        using var scope = NewDisposeScope();
        return (
            TensorData.From<float>(named, rows, width).to(embedding.device).to(embedding.dtype).MoveToOuterDisposeScope(),
            TensorData.From<float>(free, rows, 1).to(embedding.device).to(embedding.dtype).MoveToOuterDisposeScope());
    }
}
