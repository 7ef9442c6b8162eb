using HieraVid.Torch;
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
    /// <summary>What the method asked for by <see cref="PruningMethod.Signals"/>.</summary>
    public IReadOnlyDictionary<VisionSignal, Tensor> Signals { get; init; } =
        new Dictionary<VisionSignal, Tensor>();

    /// <summary>One of the signals.</summary>
    /// <param name="signal">Which.</param>
    /// <param name="method">Who needs it, for the message.</param>
    /// <exception cref="PruningException">The chunk was made without it, or it is of other frames.</exception>
    public Tensor Signal(VisionSignal signal, string method)
    {
        if (!Signals.TryGetValue(signal, out var tensor))
            throw PruningException.NoSignal(method, signal);
        if (tensor.shape[0] != FrameCount)
            throw PruningException.WrongShape($"signal {signal}", $"[{FrameCount}, …]", Shape(tensor));
        return tensor;
    }

    /// <summary>f.</summary>
    public int FrameCount => (int)Tokens.shape[0];

    /// <summary>P.</summary>
    public int Positions => (int)Tokens.shape[1];

    /// <summary>D.</summary>
    public int Width => (int)Tokens.shape[2];

    /// <summary>The frames of a piece, out of the chunks that hold them.</summary>
    /// <param name="piece">The frames.</param>
    /// <param name="chunks">In order, without gaps around the piece.</param>
    /// <returns>A chunk itself where it is the piece; else owned by the caller's dispose scope.</returns>
    public static TokenChunk Of(FrameRange piece, IEnumerable<TokenChunk> chunks)
    {
        List<TokenChunk> parts =
            [.. chunks.Where(chunk => chunk.FirstFrame < piece.End && chunk.FirstFrame + chunk.FrameCount > piece.First)];
        if (parts is [var only] && only.FirstFrame == piece.First && only.FrameCount == piece.Count)
            return only;
        Tensor Joined(Func<TokenChunk, Tensor> of) => TensorData.Concatenate([.. parts.Select(part =>
        {
            var from = Math.Max(piece.First, part.FirstFrame);
            var to = Math.Min(piece.End, part.FirstFrame + part.FrameCount);
            return of(part).narrow(0, from - part.FirstFrame, to - from);
        })]);
        return new TokenChunk(piece.First, Joined(part => part.Tokens), null)
        {
            Signals = parts[0].Signals.Keys
                .ToDictionary(signal => signal, signal => Joined(part => part.Signals[signal])),
        };
    }

    /// <summary>Checks that the frame before is there exactly if there is one, and has the right shape.</summary>
    /// <exception cref="PruningException">It does not fit.</exception>
    public void RequirePrevious()
    {
        if (Tokens.ndim != 3 || FrameCount == 0)
            throw PruningException.WrongShape("tokens of a chunk", "[frames, positions, width]", Shape(Tokens));
        if (FirstFrame > 0 != Previous is not null)
        {
            throw PruningException.BadChunks(
                $"the frame before frame {FirstFrame} {(Previous is null ? "is missing" : "cannot exist")}");
        }
        if (Previous is { } previous && !previous.shape.AsSpan().SequenceEqual(Tokens.shape.AsSpan(1)))
        {
            throw PruningException.WrongShape(
                "tokens of the frame before", $"[{Positions}, {Width}]", Shape(previous));
        }
    }

    private static string Shape(Tensor tensor) => $"[{string.Join(", ", tensor.shape)}]";
}
