using HieraVid.Models;
using HieraVid.Pipeline.Jobs;
using HieraVid.Pruning;

namespace HieraVid.Pipeline.Running;

/// <summary>How many frames fit the model's window beside question and answer; asked before any work is done.</summary>
/// <param name="TokensOf">
/// Visual tokens of so many frames, newline tokens within them included. More than in proportion, or less, where the model
/// chooses the frames' size by their number.
/// </param>
/// <param name="Window">Positions that the model has.</param>
/// <param name="PromptTokens">The question with the chat template.</param>
/// <param name="AnswerTokens">The longest answer.</param>
internal sealed record FrameBudget(Func<double, double> TokensOf, int Window, int PromptTokens, int AnswerTokens)
{
    private const int SomeFrames = 64;
    private const int ManyFrames = 1 << 24;

    /// <summary>A budget for frames of a fixed number of tokens.</summary>
    internal FrameBudget(int tokensPerFrame, int window, int promptTokens, int answerTokens)
        : this(frames => frames * tokensPerFrame, window, promptTokens, answerTokens)
    {
    }

    // One newline after the whole video takes the place of the prompt's video placeholder, so it needs no place of its own.
    internal FrameBudget(VideoModel network, (int Width, int Height) video, PruningMethod method, int promptTokens, int answerTokens)
        : this(TokensOfFrames(network, video), network.Config.MaxTokens, promptTokens, answerTokens)
    {
        Method = method;
        // The number of frames may be beyond any video's; what enters grows with it, so that one video tells of all.
        var grid = network.Grid(video.Width, video.Height, SomeFrames);
        var shape = new VideoShape(grid.Steps(SomeFrames), PerStep(network, grid), network.Config.Text.HiddenSize);
        var share = method.Nominal(shape, network.Config.Text.LayerCount)[0].Attention / shape.Tokens;
        Entering = tokens => tokens * share;
    }

    /// <summary>What prunes the video.</summary>
    internal PruningMethod Method { get; init; } = new NoPruning();

    // Tokens that a method lets into the model.
    private Func<double, double> Entering { get; init; } = tokens => tokens;

    /// <summary>Visual tokens for which the window has room beside question and answer.</summary>
    internal int Room => Math.Max(0, Window - PromptTokens - AnswerTokens);

    /// <summary>The most frames that fit after pruning; 0 where question and answer leave no room for one.</summary>
    internal long Most
    {
        get
        {
            long fits = 0, fails = ManyFrames;
            while (fails - fits > 1)
            {
                var middle = (fits + fails) / 2;
                (fits, fails) = Enters(TokensOf(middle)) ? (middle, fails) : (fits, middle);
            }
            return fits;
        }
    }

    /// <summary>Whether so many tokens of a video, newline tokens included, fit as they are.</summary>
    internal bool Fits(double tokens) => tokens + PromptTokens + AnswerTokens <= Window;

    /// <summary>Tokens of one of so many frames, rounded, for messages.</summary>
    internal double TokensPerFrame(double frames) => Math.Round(TokensOf(frames) / frames, 1);

    /// <summary>Refuses frames that the method cannot make fit.</summary>
    /// <param name="frames">A whole number; a double, so that no rate is too absurd to be counted.</param>
    /// <exception cref="JobException">They do not fit.</exception>
    internal void Check(double frames)
    {
        var tokens = TokensOf(frames);
        if (Enters(tokens) || (Room > 0 && Method.FitsAnyWindow))
            return;
        var most = Most;
        var remedy = most >= 1
            ? FormattableString.Invariant($"take at most {most} frames, a shorter question, fewer --max-tokens or --method {PruningMethods.HieraVid}, which makes any number of frames fit")
            : "take a shorter question or fewer --max-tokens";
        var pruned = Method is NoPruning ? "" : FormattableString.Invariant($", {Entering(tokens):N0} of them after {Method.Name}");
        throw JobException.Bad(FormattableString.Invariant(
            $"{frames:N0} frames of {TokensPerFrame(frames)} tokens{pruned}, the question ({PromptTokens:N0} tokens) and an answer of up to {AnswerTokens:N0} tokens need {Entering(tokens) + PromptTokens + AnswerTokens:N0} positions and the model has {Window:N0}: {remedy}."));
    }

    private bool Enters(double tokens) => Fits(tokens) || (Room > 0 && Entering(tokens) <= Room);

    private static Func<double, double> TokensOfFrames(VideoModel network, (int Width, int Height) video) => frames =>
    {
        var grid = network.Grid(video.Width, video.Height, (int)Math.Min(frames, ManyFrames));
        return Math.Ceiling(frames / grid.FramesPerStep) * PerStep(network, grid);
    };

    // Newlines that stand inside a grid or right behind it count.
    private static int PerStep(VideoModel network, FrameGrid grid) =>
        grid.Tokens + network.Layout(grid, 1, 1).NewlinesPerFrame;
}
