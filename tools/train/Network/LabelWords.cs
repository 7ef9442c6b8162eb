using HieraVid.Models;
using HieraVid.Models.Tokenization;
using HieraVid.Torch;
using HieraVid.Train.Data;
using static TorchSharp.torch;

namespace HieraVid.Train.Network;

/// <summary>How the rows of a label head are made.</summary>
/// <param name="Named">[rows, vocabulary], 1 at the tokens of a value's word.</param>
/// <param name="Free">[rows, 1], 1 at values without a word.</param>
internal sealed record HeadRows(Tensor Named, Tensor Free);

/// <summary>Which tokens name the values of labels.</summary>
internal sealed class LabelWords : IDisposable
{
    private readonly Dictionary<string, HeadRows> _rows;

    /// <param name="tokenizer">The model's.</param>
    /// <param name="vocabulary">Rows of its embedding.</param>
    /// <param name="compute">Type and device of the embedding.</param>
    internal LabelWords(ByteLevelTokenizer tokenizer, int vocabulary, Compute compute) =>
        _rows = LabelHead.All.ToDictionary(head => head.Name, head => Rows(head, tokenizer, vocabulary, compute));

    /// <summary>The rows of a head; they stay this object's.</summary>
    internal HeadRows this[LabelHead head] => _rows[head.Name];

    public void Dispose()
    {
        foreach (var rows in _rows.Values)
        {
            rows.Named.Dispose();
            rows.Free.Dispose();
        }
    }

    private static HeadRows Rows(LabelHead head, ByteLevelTokenizer tokenizer, int vocabulary, Compute compute)
    {
        using var scope = NewDisposeScope();
        var (named, free) = (new float[head.Rows * vocabulary], new float[head.Rows]);
        var row = 0;
        foreach (var label in head.Labels)
            for (var value = 0; value < label.Size; value++, row++)
            {
                int[] tokens = value < label.Words.Count ? Tokens(label.Words[value], tokenizer) : [];
                foreach (var token in tokens)
                    named[row * vocabulary + token] = 1;
                free[row] = tokens.Length == 0 ? 1 : 0;
            }
        Tensor Made(float[] values, int width) =>
            TensorData.From<float>(values, head.Rows, width).to(compute.Device).to(compute.DType).DetachFromDisposeScope();
        return new HeadRows(Made(named, vocabulary), Made(free, 1));
    }

    // A word within a question and at the beginning of an answer are two tokens.
    private static int[] Tokens(string word, ByteLevelTokenizer tokenizer) => word.Length == 0 ? [] :
        [.. new[] { word, $" {word}" }.Select(text => tokenizer.Encode(text)).Where(ids => ids.Count == 1).Select(ids => ids[0])];
}
