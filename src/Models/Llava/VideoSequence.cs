using HieraVid.Models.Configuration;
using static TorchSharp.torch;

namespace HieraVid.Models.Llava;

/// <summary>A video as the decoder sees it: visual tokens with newline tokens among them.</summary>
/// <param name="Tokens">[V, hidden].</param>
/// <param name="NewlineIndices">Which of the V rows are newlines, ascending. They are not patches: pruning leaves them be.</param>
public sealed record VideoSequence(Tensor Tokens, IReadOnlyList<long> NewlineIndices)
{
    /// <summary>Puts newline tokens among the pooled tokens (models.md, section 4).</summary>
    /// <param name="pooled">[F, side·side, hidden].</param>
    /// <param name="newline">[hidden].</param>
    /// <param name="position">Where newlines stand.</param>
    public static VideoSequence Build(Tensor pooled, Tensor newline, NewlinePosition position)
    {
        using var scope = NewDisposeScope();
        var (frames, perFrame, hidden) = (pooled.shape[0], pooled.shape[1], pooled.shape[2]);
        // A group is what one newline follows: a row, a frame or the whole video.
        var group = position switch
        {
            NewlinePosition.Grid => (long)Math.Round(Math.Sqrt(perFrame)),
            NewlinePosition.Frame => perFrame,
            _ => frames * perFrame,
        };
        var groups = frames * perFrame / group;
        var flat = pooled.reshape(groups, group, hidden);
        if (position == NewlinePosition.NoToken)
            return new VideoSequence(flat.reshape(-1, hidden).MoveToOuterDisposeScope(), []);
        var ends = newline.view(1, 1, hidden).expand(groups, 1, hidden);
        var tokens = cat([flat, ends], 1).reshape(-1, hidden).MoveToOuterDisposeScope();
        return new VideoSequence(tokens, [.. Enumerable.Range(1, (int)groups).Select(i => i * (group + 1) - 1)]);
    }
}
