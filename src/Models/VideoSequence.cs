using HieraVid.Torch;
using static TorchSharp.torch;

namespace HieraVid.Models;

/// <summary>Which newline tokens stay where visual tokens are gone.</summary>
public enum NewlineStay
{
    /// <summary>All.</summary>
    All,

    /// <summary>Those of rows of which a visual token stays.</summary>
    NonEmptyRows,

    /// <summary>One per frame of which a visual token stays, after its tokens.</summary>
    OnePerFrame,

    /// <summary>All of a frame of which a visual token stays, after its tokens.</summary>
    AfterFrame,
}

/// <summary>A video as the decoder sees it: visual tokens, perhaps not all of them, with newline tokens among them.</summary>
/// <param name="Tokens">[V', hidden], in the order of the sequence.</param>
/// <param name="Indices">
/// Where each row stands in the video's part of the prompt, ascending, [V']: in the whole layout, or one after the other.
/// </param>
/// <param name="VisualRows">Row VisualRows[i] is the i-th visual token given.</param>
/// <param name="Length">The positions that the video takes, those of dropped tokens included unless renumbered.</param>
public sealed record VideoSequence(Tensor Tokens, IReadOnlyList<int> Indices, IReadOnlyList<int> VisualRows, int Length)
{
    /// <summary>Puts newline tokens among visual tokens.</summary>
    /// <param name="visual">[n, hidden].</param>
    /// <param name="origins">
    /// The token index of each, [n]. Where newlines stand inside the video, the tokens are put into the order of these, equal
    /// ones into the order given; elsewhere they stay in the order given.
    /// </param>
    /// <param name="newline">[hidden]; null where the layout has none.</param>
    /// <param name="layout">The whole video's layout.</param>
    /// <param name="stay">Which newlines stay. One at the video's end always does.</param>
    /// <param name="renumbered">Whether positions follow each other as if nothing had been dropped; else they are ascending.</param>
    public static VideoSequence Build(
        Tensor visual, IReadOnlyList<int> origins, Tensor? newline, VideoLayout layout,
        NewlineStay stay = NewlineStay.All, bool renumbered = false)
    {
        using var scope = NewDisposeScope();
        var grid = layout.NewlinesPerFrame > 0;
        // Keys order the sequence; row n of the values is the newline.
        var places = origins.Select((token, row) => (Key: renumbered && !grid ? row : layout.Visual[token], Row: row, Index: layout.Visual[token]))
            .Concat(Newlines(origins, layout, stay)
                .Select(place => (Key: renumbered && !grid ? origins.Count : place.Key, Row: origins.Count, place.Index)))
            .OrderBy(place => place.Key)
            .ToList();
        var rows = TensorData.From<long>([.. places.Select(place => (long)place.Row)], places.Count).to(visual.device);
        var tokens = (newline is null ? visual : cat([visual, newline.unsqueeze(0)], 0)).index_select(0, rows).MoveToOuterDisposeScope();
        var visualRows = new int[origins.Count];
        for (var at = 0; at < places.Count; at++)
        {
            if (places[at].Row < origins.Count)
                visualRows[places[at].Row] = at;
        }
        return new VideoSequence(
            tokens,
            renumbered ? [.. Enumerable.Range(0, places.Count)] : [.. places.Select(place => place.Index)],
            visualRows,
            renumbered ? places.Count : layout.Length);
    }

    // The newlines that stay: their own place in the layout, and the place by which they are put in order.
    private static IEnumerable<(int Key, int Index)> Newlines(IReadOnlyList<int> origins, VideoLayout layout, NewlineStay stay)
    {
        var perFrame = layout.NewlinesPerFrame;
        if (perFrame == 0 || stay == NewlineStay.All)
            return layout.Newlines.Select(index => (index, index));
        var perNewline = layout.Visual.Count / layout.Newlines.Count;
        var groups = origins.Select(token => token / perNewline).Distinct().Order();
        if (stay == NewlineStay.NonEmptyRows)
            return groups.Select(group => (layout.Newlines[group], layout.Newlines[group]));
        int Last(int frame) => layout.Newlines[(frame + 1) * perFrame - 1];
        var frames = groups.Select(group => group / perFrame).Distinct();
        return stay == NewlineStay.OnePerFrame
            ? frames.Select(frame => (Last(frame), Last(frame)))
            : frames.SelectMany(frame => Enumerable.Range(frame * perFrame, perFrame)
                .Select(group => (Last(frame), layout.Newlines[group])));
    }
}
