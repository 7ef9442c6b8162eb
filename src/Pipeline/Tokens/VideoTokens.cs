using HieraVid.Pipeline.Jobs;
using HieraVid.Pruning;
using static TorchSharp.torch;

namespace HieraVid.Pipeline.Tokens;

/// <summary>
/// The visual tokens of one in-process job on their way from the encoder into the decoder: each chunk is summarised when it comes,
/// and pruned when the plan for the whole video is made. What does not fit the memory allowed waits in the store.
/// </summary>
/// <param name="method">The method.</param>
/// <param name="device">Where the tokens are worked on.</param>
/// <param name="stored">The job's part of the store; null where all tokens may stay in memory.</param>
/// <param name="memoryBytes">Most bytes of chunks that the store holds too which are kept in memory.</param>
internal sealed class VideoTokens(
    PruningMethod method, Device device, StoredJob? stored = null, long memoryBytes = VideoTokens.DefaultMemoryBytes) : IDisposable
{
    /// <summary>64 MB: some chunks of a 7B model, ten minutes of a small one.</summary>
    internal const long DefaultMemoryBytes = 64_000_000;

    private const string TokensName = "tokens";

    private readonly List<Held> _chunks = [];
    private readonly List<ChunkSummary> _summaries = [];
    private Tensor? _lastFrame;
    private BackwardPass? _pass;

    /// <summary>F, P and D of what came so far.</summary>
    internal VideoShape Shape { get; private set; } = new(0, 0, 0);

    /// <summary>The plan, once it is made.</summary>
    internal PruningPlan? Planned { get; private set; }

    /// <summary>What the chunks said.</summary>
    internal IReadOnlyList<ChunkSummary> Summaries => _summaries;

    /// <summary>Takes a chunk that an earlier run left in the store.</summary>
    /// <param name="chunk">Its number.</param>
    /// <param name="frames">Frames that it must have.</param>
    /// <returns>False if it is not there, damaged or another's: it is to be encoded.</returns>
    internal bool TryRestore(int chunk, int frames)
    {
        if (stored?.Read(chunk, device) is not { } tensors)
            return false;
        if (!tensors.TryGetValue(TokensName, out var tokens) || tokens.ndim != 3 || tokens.shape[0] != frames)
        {
            Free(tensors.Values);
            return false;
        }
        Take(chunk, tokens, Signals(tensors));
        return true;
    }

    /// <summary>Takes the next chunk, and puts it into the store where there is one.</summary>
    /// <param name="chunk">Its number; null for one that is not to be stored.</param>
    /// <param name="tokens">[f, P, D]; owned from here on.</param>
    /// <param name="signals">What the method asked for; owned from here on.</param>
    /// <exception cref="JobException">The store has no room.</exception>
    internal void Add(int? chunk, Tensor tokens, IReadOnlyDictionary<VisionSignal, Tensor> signals)
    {
        var named = signals.ToDictionary(signal => signal.Key.ToString(), signal => signal.Value);
        named.Add(TokensName, tokens);
        try
        {
            if (chunk is { } number)
                stored?.Write(number, named);
        }
        catch
        {
            Free(named.Values);
            throw;
        }
        Take(chunk, tokens, signals);
    }

    /// <summary>Summarises the chunk that came last.</summary>
    internal void Summarise()
    {
        var chunk = _chunks[^1].Tokens!;
        _summaries.Add(method.Summarise(chunk with { Previous = _lastFrame }));
        _lastFrame?.Dispose();
        _lastFrame = LastFrame(chunk.Tokens);
        Spill();
    }

    /// <summary>Decides what to keep of the whole video.</summary>
    /// <param name="room">Visual tokens for which the model's window has room.</param>
    /// <returns>The pieces to apply the plan to, in order.</returns>
    internal IReadOnlyList<FrameRange> Plan(int room)
    {
        Planned = method.Plan(_summaries, room);
        _pass = new BackwardPass(method, Planned);
        return BackwardPass.Pieces(Planned, [.. _chunks.Select(chunk => chunk.Frames)]);
    }

    /// <summary>Applies the plan to a piece, and frees what was held of it.</summary>
    /// <param name="piece">The next one, last piece first.</param>
    internal void Apply(FrameRange piece)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        _pass!.Take(method.Apply(Piece(piece), Planned!));
        FreeFrom(piece.First);
    }

    /// <summary>What enters the decoder, once the plan is applied to all pieces; owned by the caller's dispose scope.</summary>
    internal PrunedTokens Join() => _pass!.Join();

    /// <summary>Frees what is held in memory.</summary>
    public void Dispose()
    {
        FreeFrom(0);
        _pass?.Dispose();
        _lastFrame?.Dispose();
        _lastFrame = null;
    }

    private void Take(int? number, Tensor tokens, IReadOnlyDictionary<VisionSignal, Tensor> signals)
    {
        var chunk = new TokenChunk(Shape.Frames, tokens, null) { Signals = signals };
        _chunks.Add(new Held(number, new FrameRange(chunk.FirstFrame, chunk.FrameCount)) { Tokens = chunk });
        Shape = new VideoShape(Shape.Frames + chunk.FrameCount, chunk.Positions, chunk.Width);
    }

    // Pruning begins at the end: the oldest are needed last.
    private void Spill()
    {
        if (stored is null)
            return;
        var held = _chunks.Sum(chunk => chunk.Bytes);
        foreach (var chunk in _chunks.SkipLast(1).Where(chunk => chunk.Number is not null).TakeWhile(_ => held > memoryBytes))
        {
            held -= chunk.Bytes;
            chunk.Free();
        }
    }

    private TokenChunk Piece(FrameRange piece)
    {
        List<Held> parts = [.. _chunks.Where(chunk => chunk.Frames.First < piece.End && chunk.Frames.End > piece.First)];
        foreach (var part in parts.Where(part => part.Tokens is null))
        {
            if (stored!.Read(part.Number!.Value, device) is not { } tensors)
                throw JobException.Bad($"Chunk {part.Number} in the token store was damaged while the job ran: run it again with --resume.");
            part.Tokens = new TokenChunk(part.Frames.First, tensors[TokensName], null) { Signals = Signals(tensors) };
        }
        return TokenChunk.Of(piece, parts.Select(part => part.Tokens!));
    }

    private void FreeFrom(int frame)
    {
        foreach (var chunk in _chunks.Where(chunk => chunk.Frames.First >= frame))
            chunk.Free();
    }

    private static Dictionary<VisionSignal, Tensor> Signals(IReadOnlyDictionary<string, Tensor> tensors) => tensors
        .Where(named => named.Key != TokensName)
        .ToDictionary(named => Enum.Parse<VisionSignal>(named.Key), named => named.Value);

    private static void Free(IEnumerable<Tensor> tensors)
    {
        foreach (var tensor in tensors)
            tensor.Dispose();
    }

    private static Tensor LastFrame(Tensor tokens)
    {
        using var scope = NewDisposeScope();
        return tokens.select(0, tokens.shape[0] - 1).clone().DetachFromDisposeScope();
    }

    // A chunk that came, with its tokens while they are in memory.
    private sealed class Held(int? number, FrameRange frames)
    {
        internal int? Number => number;

        internal FrameRange Frames => frames;

        internal TokenChunk? Tokens { get; set; }

        internal long Bytes => Tokens is { } held
            ? held.Signals.Values.Append(held.Tokens).Sum(tensor => tensor.NumberOfElements * tensor.ElementSize)
            : 0;

        internal void Free()
        {
            if (Tokens is not { } held)
                return;
            VideoTokens.Free(held.Signals.Values.Append(held.Tokens));
            Tokens = null;
        }
    }
}
