using HieraVid.Models;
using HieraVid.Models.Qwen2;
using HieraVid.Pruning;

namespace HieraVid.Pipeline.Running;

/// <summary>Where a video's tokens stand in the sequence that the decoder sees (architecture.md, section 4).</summary>
/// <remarks>
/// Kept tokens keep the positions that they would have without pruning, as long as the whole video would fit the model's
/// window; the text after the video goes on from its end. A longer video's tokens stand one after the other, and of its
/// newline tokens, which would fill the window by themselves, only the last stays. Positions of three parts are small
/// whatever the length, so that they are kept in any case.
/// </remarks>
internal sealed class VideoPlaces
{
    private readonly int _promptTokens;
    private readonly bool _renumbers;
    private readonly NewlineStay _stay;

    /// <summary>Places a video.</summary>
    /// <param name="whole">The layout without pruning.</param>
    /// <param name="start">Tokens of the prompt before the video.</param>
    /// <param name="promptTokens">Tokens of the prompt, the video's placeholder included.</param>
    /// <param name="budget">Knows whether the whole video fits.</param>
    /// <param name="method">May renumber by itself.</param>
    internal VideoPlaces(VideoLayout whole, int start, int promptTokens, FrameBudget budget, PruningMethod method)
    {
        (Start, Unpruned, _promptTokens) = (start, whole.Length, promptTokens);
        var fits = budget.Fits(whole.Length);
        _renumbers = whole.Grid is null && (!fits || method.Positions == TokenPositions.Renumbered);
        _stay = (NewlineStay)method.Newlines;
        Layout = fits ? whole : whole with { Newlines = [.. whole.Newlines.TakeLast(1)], NewlinesPerFrame = 0 };
    }

    /// <summary>Tokens of the prompt before the video.</summary>
    internal int Start { get; }

    /// <summary>Tokens of the video without pruning, newline tokens included.</summary>
    internal int Unpruned { get; }

    /// <summary>Where visual and newline tokens go.</summary>
    internal VideoLayout Layout { get; }

    /// <summary>Puts the newline tokens that stay among the tokens that enter the model.</summary>
    internal VideoSequence Sequence(VideoModel network, PrunedTokens tokens) =>
        network.Sequence(tokens.Values, tokens.Origins, Layout, _stay, _renumbers);

    /// <summary>Position ids of the whole prompt.</summary>
    /// <param name="kept">The video's tokens, by place in the unpruned layout, in the order of the sequence.</param>
    internal PositionIds Positions(IReadOnlyList<int> kept)
    {
        var before = new PromptPositions().Text(Start);
        var video = Layout.Grid is { } grid ? before.Video(grid, kept)
            : _renumbers ? before.Text(kept.Count)
            : before.Line(Unpruned, kept);
        return video.Text(_promptTokens - Start - 1).Build();
    }
}
