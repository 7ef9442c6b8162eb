using static TorchSharp.torch;

namespace HieraVid.Pruning;

/// <summary>
/// The visual tokens of consecutive frames: the unit in which a video is encoded, summarised and pruned.
/// </summary>
/// <param name="FirstFrame">The first frame's number in the video.</param>
/// <param name="Tokens">[f, P, D], any float type, any device.</param>
/// <param name="Previous">
/// [P, D], the tokens of the frame before <paramref name="FirstFrame"/>; null at the video's beginning. Only Summarise
/// reads it.
/// </param>
public sealed record TokenChunk(int FirstFrame, Tensor Tokens, Tensor? Previous)
{
    /// <summary>f.</summary>
    public int FrameCount => (int)Tokens.shape[0];

    /// <summary>P.</summary>
    public int Positions => (int)Tokens.shape[1];

    /// <summary>D.</summary>
    public int Width => (int)Tokens.shape[2];
}
