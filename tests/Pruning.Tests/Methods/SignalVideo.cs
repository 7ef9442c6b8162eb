using HieraVid.Torch;
using static TorchSharp.torch;

namespace HieraVid.Pruning.Tests;

/// <summary>A made-up video with everything that a vision tower may give beside the tokens.</summary>
internal sealed class SignalVideo
{
    // Patches per frame before pooling: four for each of the nine positions.
    private const int Patches = 36;

    private readonly Tensor _tokens;
    private readonly Dictionary<VisionSignal, Tensor> _signals;

    internal SignalVideo(string kind, ScalarType type, int frames = 35, int seed = 1)
    {
        _tokens = TestVideo.ToTensor(TestVideo.Make(kind, frames, seed: seed), type);
        var random = new Random(seed);
        var (f, p, d) = (_tokens.shape[0], _tokens.shape[1], _tokens.shape[2]);
        Tensor Made(ScalarType as_, params long[] shape) => TensorData.From<float>(
            [.. Enumerable.Range(0, (int)shape.Aggregate((x, y) => x * y)).Select(_ => (float)random.NextDouble())], shape).to(as_);
        _signals = new Dictionary<VisionSignal, Tensor>
        {
            [VisionSignal.FrameFeature] = Made(type, f, 5),
            [VisionSignal.HeadAttention] = Made(ScalarType.Float32, f, p),
            [VisionSignal.ReceivedAttention] = Made(ScalarType.Float32, f, p),
            [VisionSignal.Keys] = Made(type, f, p, 4),
            [VisionSignal.WideKeys] = Made(type, f, p, 8),
            [VisionSignal.UnpooledTokens] = Made(type, f, Patches, d),
            [VisionSignal.UnpooledReceivedAttention] = Made(ScalarType.Float32, f, Patches),
            [VisionSignal.UnpooledKeys] = Made(type, f, Patches, 4),
        };
    }

    internal int Tokens => (int)(_tokens.shape[0] * _tokens.shape[1]);

    /// <summary>Cut after every <paramref name="size"/> frames, with the signals that a method asks for.</summary>
    internal List<TokenChunk> Cut(int size, PruningMethod method) =>
    [
        .. TestVideo.Cut(_tokens, size).Select(chunk => chunk with
        {
            Signals = method.Signals.ToDictionary(
                signal => signal, signal => _signals[signal].narrow(0, chunk.FirstFrame, chunk.FrameCount).clone()),
        }),
    ];
}
