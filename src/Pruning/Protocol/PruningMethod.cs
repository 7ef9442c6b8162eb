namespace HieraVid.Pruning;

/// <summary>
/// A pruning method: pure steps that run wherever the tokens are, and a last one inside the model. Whatever the cutting
/// into chunks, their order and the number of machines, the results are the same, bit for bit.
/// </summary>
/// <remarks>
/// <para>The steps of one job: <see cref="Summarise"/> every chunk; <see cref="Plan"/> once; <see cref="Apply"/> every
/// piece of the plan; <see cref="RunPart.Carry"/> and <see cref="PrunedChunk.Finish"/> from the last piece to the
/// first, for what crosses borders; <see cref="Thin"/> every piece; <see cref="PrunedTokens.Join"/>; then, at every
/// point of the model where <see cref="Wants"/> says so, <see cref="Select"/>.</para>
/// <para>A method holds its options and nothing else: equal methods on two machines do the same.</para>
/// </remarks>
public abstract class PruningMethod
{
    /// <summary>The name by which users ask for it.</summary>
    public abstract string Name { get; }

    /// <summary>What the vision tower has to give beside the tokens.</summary>
    public virtual IReadOnlyList<VisionSignal> Signals => [];

    /// <summary>Where the kept tokens stand in the sequence that the model sees.</summary>
    public virtual TokenPositions Positions => TokenPositions.Kept;

    /// <summary>Whether it makes any video fit the model's window.</summary>
    public virtual bool FitsAnyWindow => false;

    /// <summary>Which newline tokens inside the video go on, for models that have them.</summary>
    public virtual NewlineRule Newlines => NewlineRule.NonEmptyRows;

    /// <summary>The visual tokens that each layer is to see of a video, as it happens, for <see cref="Flops"/>.</summary>
    /// <param name="video">The video before any pruning.</param>
    /// <param name="layerCount">The model's layers.</param>
    public abstract LayerTokens[] Nominal(VideoShape video, int layerCount);

    /// <summary>Step 1, per chunk, where its tokens are: the small facts that the plan needs.</summary>
    /// <param name="chunk">Tokens, signals and the frame before them.</param>
    /// <exception cref="PruningException">The frame before, or a signal, is missing or does not fit.</exception>
    public virtual ChunkSummary Summarise(TokenChunk chunk) =>
        new(chunk.FirstFrame, chunk.FrameCount, chunk.Positions, chunk.Width);

    /// <summary>Step 2, once, anywhere: every decision that needs the whole video.</summary>
    /// <param name="summaries">All chunks of the video, in any order.</param>
    /// <param name="room">Visual tokens for which the model's window has room.</param>
    /// <exception cref="PruningException">The chunks don't make up one video, or too many tokens would stay.</exception>
    public virtual PruningPlan Plan(IReadOnlyList<ChunkSummary> summaries, int room) =>
        new(ChunkSummary.Order<ChunkSummary>(summaries).Shape) { Room = room };

    /// <summary>Step 3, per piece of the plan, where its tokens are: drops and merges tokens.</summary>
    /// <param name="piece">
    /// The frames of one of <see cref="PruningPlan.Pieces"/>, or, where the plan has none, of any chunk.
    /// </param>
    /// <param name="plan">The plan of the whole video.</param>
    /// <returns>Owned by the caller's dispose scope.</returns>
    /// <exception cref="PruningException">The piece does not fit the plan.</exception>
    public abstract PrunedChunk Apply(TokenChunk piece, PruningPlan plan);

    /// <summary>
    /// Step 3b, per piece, once its merges are finished: drops what the model's window has no room for.
    /// </summary>
    /// <param name="tokens">A finished piece; stays the caller's.</param>
    /// <param name="plan">The plan of the whole video.</param>
    /// <returns>The tokens that stay, perhaps <paramref name="tokens"/> itself.</returns>
    public virtual PrunedTokens Thin(PrunedTokens tokens, PruningPlan plan) => tokens;

    /// <summary>Which keys the decoder's prefill attention sees; null for all earlier ones.</summary>
    /// <param name="promptTokens">Tokens of the whole prompt as it enters the model, text included.</param>
    /// <exception cref="PruningException">The prompt is too short for the method's window.</exception>
    public virtual AttentionWindow? Window(int promptTokens) => null;

    /// <summary>Whose attention step 4 sees.</summary>
    public virtual AskingTokens Asking => AskingTokens.Last;

    /// <summary>What step 4 needs at a point inside the model.</summary>
    /// <param name="plan">The plan of the whole video.</param>
    /// <param name="point">The point that comes next.</param>
    /// <param name="earlier">What step 4 decided so far, in order.</param>
    public virtual LayerNeed Wants(PruningPlan plan, LayerPoint point, IReadOnlyList<LayerSelection> earlier) =>
        LayerNeed.Nothing;

    /// <summary>Step 4, inside the model: which visual tokens go on.</summary>
    /// <param name="plan">The plan of the whole video.</param>
    /// <param name="point">Where the model is.</param>
    /// <param name="earlier">What step 4 decided so far, in order.</param>
    /// <param name="tokens">The visual tokens that are there.</param>
    /// <exception cref="PruningException">The tensors don't fit each other.</exception>
    public virtual LayerSelection Select(
        PruningPlan plan, LayerPoint point, IReadOnlyList<LayerSelection> earlier, LayerTokenStates tokens) =>
        throw new InvalidOperationException($"{Name} does nothing inside the model.");
}
