using HieraVid.Torch;
using static TorchSharp.torch;

namespace HieraVid.Models.Llava;

/// <summary>A video as the decoder sees it: visual tokens, perhaps not all of them, with newline tokens among them.</summary>
/// <param name="Tokens">[V', hidden], in the order of their indices.</param>
/// <param name="Indices">The index in the whole layout of each row, ascending, [V'].</param>
/// <param name="VisualRows">Which rows are visual tokens, ascending; row VisualRows[i] is the i-th visual token given.</param>
public sealed record VideoSequence(Tensor Tokens, IReadOnlyList<int> Indices, IReadOnlyList<int> VisualRows)
{
    /// <summary>Puts newline tokens among visual tokens. Newlines stay even where all tokens around them are gone.</summary>
    /// <param name="visual">[n, hidden], n at most F·P.</param>
    /// <param name="origins">The token index of each, ascending, [n].</param>
    /// <param name="newline">[hidden].</param>
    /// <param name="layout">The whole video's layout.</param>
    public static VideoSequence Build(Tensor visual, IReadOnlyList<int> origins, Tensor newline, VideoLayout layout)
    {
        using var scope = NewDisposeScope();
        var places = origins.Select((token, row) => (Index: layout.Visual[token], Row: row))
            .Concat(layout.Newlines.Select(index => (Index: index, Row: origins.Count)))
            .OrderBy(place => place.Index)
            .ToList();
        var rows = TensorData.From<long>([.. places.Select(place => (long)place.Row)], places.Count).to(visual.device);
        var tokens = cat([visual, newline.unsqueeze(0)], 0).index_select(0, rows).MoveToOuterDisposeScope();
        return new VideoSequence(
            tokens,
            [.. places.Select(place => place.Index)],
            [.. places.Select((place, row) => (place.Row, At: row)).Where(place => place.Row < origins.Count).Select(place => place.At)]);
    }
}
