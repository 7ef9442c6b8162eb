using static TorchSharp.torch;

namespace HieraVid.Models;

/// <summary>What comes out of a vision tower for some frames (or pairs of frames, which count as one).</summary>
/// <param name="Tokens">What the decoder gets, [f, P, hidden].</param>
/// <param name="Features">The tower's raw features, [f, patches, width].</param>
/// <param name="Unpooled">
/// The tokens before pooling, [f, patches, hidden]; <paramref name="Tokens"/> itself where the tower pools before it projects.
/// </param>
/// <param name="Received">
/// Attention that each patch receives in the last layer, mean over heads and queries, [f, patches] in float32; null unless
/// asked for.
/// </param>
/// <param name="Keys">Keys of that layer before any rotation, all heads side by side, [f, patches, width]; null unless asked for.</param>
public sealed record VisionOutput(Tensor Tokens, Tensor Features, Tensor Unpooled, Tensor? Received, Tensor? Keys);
