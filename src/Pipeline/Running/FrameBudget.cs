using HieraVid.Models.Configuration;
using HieraVid.Models.Llava;
using HieraVid.Pipeline.Jobs;

namespace HieraVid.Pipeline.Running;

/// <summary>How many frames fit the model's window beside question and answer; asked before any work is done.</summary>
/// <param name="TokensPerFrame">Visual tokens of a frame, newline tokens within it included.</param>
/// <param name="Window">Positions that the model has.</param>
/// <param name="PromptTokens">The question with the chat template.</param>
/// <param name="AnswerTokens">The longest answer.</param>
internal sealed record FrameBudget(int TokensPerFrame, int Window, int PromptTokens, int AnswerTokens)
{
    internal FrameBudget(LoadedModel model, int promptTokens, int answerTokens)
        : this(PerFrame(model.Network), model.Network.Config.MaxTokens, promptTokens, answerTokens) { }

    // One newline after the whole video takes the place of the prompt's video placeholder, so it needs no place of its own.
    private static int PerFrame(LlavaModel network) => network.TokensPerFrame + network.Config.Newline switch
    {
        NewlinePosition.Grid => (int)Math.Sqrt(network.TokensPerFrame),
        NewlinePosition.Frame => 1,
        _ => 0,
    };

    /// <summary>The most frames; 0 or less where question and answer leave no room for one.</summary>
    internal long Most => ((long)Window - PromptTokens - AnswerTokens) / TokensPerFrame;

    /// <summary>Visual tokens for which the window has room beside question and answer.</summary>
    internal int Room => Math.Max(0, Window - PromptTokens - AnswerTokens);

    /// <summary>Refuses more frames than fit.</summary>
    /// <param name="frames">A whole number; a double, so that no rate is too absurd to be counted.</param>
    /// <exception cref="JobException">They do not fit.</exception>
    internal void Check(double frames)
    {
        var needed = (frames * TokensPerFrame) + PromptTokens + AnswerTokens;
        if (needed <= Window)
            return;
        var remedy = Most >= 1
            ? $"take at most {Most} frames, a shorter question or fewer --max-tokens"
            : "take a shorter question or fewer --max-tokens";
        throw JobException.Bad(FormattableString.Invariant(
            $"{frames:N0} frames of {TokensPerFrame} tokens, the question ({PromptTokens:N0} tokens) and an answer of up to {AnswerTokens:N0} tokens need {needed:N0} positions and the model has {Window:N0}: {remedy}."));
    }
}
