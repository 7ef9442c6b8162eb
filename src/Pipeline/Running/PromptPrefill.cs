using HieraVid.Models;
using HieraVid.Models.Generation;
using HieraVid.Pruning;

namespace HieraVid.Pipeline.Running;

/// <summary>A prompt and its video, after the decoder has read them.</summary>
/// <param name="Places">Where the video's tokens stood.</param>
/// <param name="Pruning">What was decided about them.</param>
/// <param name="Tokens">Tokens that entered the decoder, the text's included.</param>
/// <param name="Logits">Of the first token of the answer, [vocabulary].</param>
internal sealed record PromptPrefill(VideoPlaces Places, PrefillPruning Pruning, int Tokens, float[] Logits)
{
    /// <summary>Puts the video into the prompt and runs both, pruning on the way. Needs a dispose scope around it.</summary>
    /// <param name="network">The model.</param>
    /// <param name="planned">Prompt, grid and room.</param>
    /// <param name="method">What prunes.</param>
    /// <param name="plan">What it decided for the whole video.</param>
    /// <param name="tokens">What enters the decoder.</param>
    /// <param name="steps">Grids of tokens that could be decoded.</param>
    /// <param name="session">Empty; holds the cache afterwards.</param>
    /// <param name="clock">Charged with the pruning.</param>
    /// <param name="onLayer">Told of every layer that begins.</param>
    /// <param name="cancellation">Ends it between layers.</param>
    internal static PromptPrefill Run(
        VideoModel network, PlannedVideo planned, PruningMethod method, PruningPlan plan, PrunedTokens tokens, int steps,
        DecodingSession session, StageClock clock, Action<int> onLayer, CancellationToken cancellation)
    {
        long[] ids = [.. planned.Prompt.Ids.Select(id => (long)id)];
        var places = new VideoPlaces(planned.Layout(network, steps), planned.Prompt.VideoPositions[0], ids.Length, planned.Budget, method);
        var pruning = new PrefillPruning(method, plan, tokens.Origins, clock);
        var video = places.Sequence(network, tokens);
        var embeddings = network.Splice(ids.AsSpan(0, places.Start), video.Tokens, ids.AsSpan(places.Start + 1));
        var length = (int)embeddings.shape[0];
        var hook = pruning.Hook(places.Start, video, length, onLayer);
        return new PromptPrefill(places, pruning, length, session.Prefill(embeddings, places.Positions(video.Indices), hook, cancellation));
    }
}
