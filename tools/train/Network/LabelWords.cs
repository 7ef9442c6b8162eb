using HieraVid.Models.Tokenization;
using HieraVid.Torch;
using HieraVid.World.Rendering;
using static TorchSharp.torch;

namespace HieraVid.Train.Network;

/// <summary>Which tokens name the values of the cell labels.</summary>
internal sealed class LabelWords
{
    private readonly IReadOnlyList<IReadOnlyList<int[]>> _tokens;

    /// <param name="tokenizer">The model's.</param>
    internal LabelWords(ByteLevelTokenizer tokenizer)
    {
        // A word within a question and at the beginning of an answer are two tokens.
        int[] Tokens(string word) => word.Length == 0 ? [] :
            [.. new[] { word, $" {word}" }.Select(text => tokenizer.Encode(text)).Where(ids => ids.Count == 1).Select(ids => ids[0])];
        _tokens = [.. Enumerable.Range(0, CellLabel.SeenSizes.Count + CellLabel.WatchedSizes.Count)
            .Select(label => (IReadOnlyList<int[]>)[.. CellLabel.WordsOf(label).Select(Tokens)])];
    }

    /// <summary>How the rows of a head for some labels are made.</summary>
    /// <param name="firstLabel">The first of the labels.</param>
    /// <param name="sizes">Their numbers of values.</param>
    /// <param name="embedding">[vocabulary, hidden]: gives type and device.</param>
    /// <returns>
    /// Named: [rows, vocabulary], 1 at the tokens of a value's word. Free: [rows, 1], 1 at values without a word.
    /// </returns>
    internal (Tensor Named, Tensor Free) Rows(int firstLabel, IReadOnlyList<int> sizes, Tensor embedding)
    {
        var (rows, width) = (sizes.Sum(), (int)embedding.shape[0]);
        var (named, free) = (new float[rows * width], new float[rows]);
        var row = 0;
        for (var i = 0; i < sizes.Count; i++)
            for (var value = 0; value < sizes[i]; value++, row++)
            {
                int[] tokens = value < _tokens[firstLabel + i].Count ? _tokens[firstLabel + i][value] : [];
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
