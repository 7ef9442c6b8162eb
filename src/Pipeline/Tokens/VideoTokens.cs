using HieraVid.Pruning;
using static TorchSharp.torch;

namespace HieraVid.Pipeline.Tokens;

/// <summary>
/// The visual tokens of one job on their way from the encoder into the decoder: each chunk is summarised when it comes,
/// and pruned when the plan for the whole video is made. Nobody ever holds all tokens before they are pruned.
/// </summary>
internal sealed class VideoTokens(PruningMethod method) : IDisposable
{
    private readonly List<TokenChunk> _chunks = [];
    private readonly List<ChunkSummary> _summaries = [];
    private Tensor? _lastFrame;

    /// <summary>F·P and D of what came so far.</summary>
    internal VideoShape Shape { get; private set; } = new(0, 0, 0);

    /// <summary>What the chunks said.</summary>
    internal IReadOnlyList<ChunkSummary> Summaries => _summaries;

    /// <summary>Takes the next chunk.</summary>
    /// <param name="tokens">[f, P, D]; owned from here on.</param>
    /// <param name="signals">What the method asked for; owned from here on.</param>
    internal void Add(Tensor tokens, IReadOnlyDictionary<VisionSignal, Tensor> signals)
    {
        var chunk = new TokenChunk(Shape.Frames, tokens, _lastFrame) { Signals = signals };
        _summaries.Add(method.Summarise(chunk));
        _chunks.Add(chunk with { Previous = null });
        _lastFrame?.Dispose();
        _lastFrame = LastFrame(tokens);
        Shape = new VideoShape(Shape.Frames + chunk.FrameCount, chunk.Positions, chunk.Width);
    }

    /// <summary>Plans, and prunes at the input. The tokens that were held are freed.</summary>
    /// <param name="room">Visual tokens for which the model's window has room.</param>
    /// <returns>The plan, and what enters the decoder; owned by the caller's dispose scope.</returns>
    internal (PruningPlan Plan, PrunedTokens Tokens) Prune(int room)
    {
        var plan = method.Plan(_summaries, room);
        var tokens = BackwardPass.Run(method, plan,
            [.. _chunks.Select(chunk => new FrameRange(chunk.FirstFrame, chunk.FrameCount))],
            piece => TokenChunk.Of(piece, _chunks), piece => FreeFrom(piece.First));
        return (plan, tokens);
    }

    /// <summary>Frees what is held.</summary>
    public void Dispose()
    {
        FreeFrom(0);
        _lastFrame?.Dispose();
        _lastFrame = null;
    }

    private void FreeFrom(int frame)
    {
        foreach (var chunk in _chunks.Where(chunk => chunk.FirstFrame >= frame).ToList())
        {
            _chunks.Remove(chunk);
            chunk.Tokens.Dispose();
            foreach (var signal in chunk.Signals.Values)
                signal.Dispose();
        }
    }

    private static Tensor LastFrame(Tensor tokens)
    {
        using var scope = NewDisposeScope();
        return tokens.select(0, tokens.shape[0] - 1).clone().DetachFromDisposeScope();
    }
}
