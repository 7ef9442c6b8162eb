using HieraVid.Models.Configuration;
using HieraVid.Models.Llava;
using HieraVid.Pipeline.Jobs;
using HieraVid.Pruning;

namespace HieraVid.Pipeline.Running;

/// <summary>How many frames fit the model's window beside question and answer; asked before any work is done.</summary>
/// <param name="TokensPerFrame">Visual tokens of a frame, newline tokens within it included.</param>
/// <param name="Window">Positions that the model has.</param>
/// <param name="PromptTokens">The question with the chat template.</param>
/// <param name="AnswerTokens">The longest answer.</param>
internal sealed record FrameBudget(int TokensPerFrame, int Window, int PromptTokens, int AnswerTokens)
{
    private const int SomeFrames = 64;

    // One newline after the whole video takes the place of the prompt's video placeholder, so it needs no place of its own.
    internal FrameBudget(LoadedModel model, PruningMethod method, int promptTokens, int answerTokens)
        : this(PerFrame(model.Network), model.Network.Config.MaxTokens, promptTokens, answerTokens)
    {
        Method = method;
        // The number of frames may be beyond any video's; what enters grows with it, so that one video tells of all.
        var video = new VideoShape(SomeFrames, PerFrame(model.Network), model.Network.Config.Text.HiddenSize);
        var share = method.Nominal(video, model.Network.Config.Text.LayerCount)[0].Attention / video.Tokens;
        Entering = tokens => tokens * share;
    }

    /// <summary>What prunes the video.</summary>
    internal PruningMethod Method { get; init; } = new NoPruning();

    // Tokens that a method lets into the model.
    private Func<double, double> Entering { get; init; } = tokens => tokens;

    /// <summary>Visual tokens for which the window has room beside question and answer.</summary>
    internal int Room => Math.Max(0, Window - PromptTokens - AnswerTokens);

    /// <summary>The most frames that fit after pruning; 0 where question and answer leave no room for one.</summary>
    internal long Most => (long)(Room / Math.Min(TokensPerFrame, Entering(TokensPerFrame)));

    /// <summary>Whether so many tokens of a video, newline tokens included, fit as they are.</summary>
    internal bool Fits(double tokens) => tokens + PromptTokens + AnswerTokens <= Window;

    /// <summary>Refuses frames that the method cannot make fit.</summary>
    /// <param name="frames">A whole number; a double, so that no rate is too absurd to be counted.</param>
    /// <exception cref="JobException">They do not fit.</exception>
    internal void Check(double frames)
    {
        var tokens = frames * TokensPerFrame;
        if (Fits(tokens) || (Room > 0 && (Method.FitsAnyWindow || Entering(tokens) <= Room)))
            return;
        var remedy = Most >= 1
            ? FormattableString.Invariant($"take at most {Most} frames, a shorter question, fewer --max-tokens or --method {PruningMethods.HieraVid}, which makes any number of frames fit")
            : "take a shorter question or fewer --max-tokens";
        var pruned = Method is NoPruning ? "" : FormattableString.Invariant($", {Entering(tokens):N0} of them after {Method.Name}");
        throw JobException.Bad(FormattableString.Invariant(
            $"{frames:N0} frames of {TokensPerFrame} tokens{pruned}, the question ({PromptTokens:N0} tokens) and an answer of up to {AnswerTokens:N0} tokens need {Entering(tokens) + PromptTokens + AnswerTokens:N0} positions and the model has {Window:N0}: {remedy}."));
    }

    private static int PerFrame(LlavaModel network) => network.TokensPerFrame + network.Config.Newline switch
    {
        NewlinePosition.Grid => (int)Math.Sqrt(network.TokensPerFrame),
        NewlinePosition.Frame => 1,
        _ => 0,
    };
}
