using System.Text;
using HieraVid.Pipeline.Jobs;

namespace HieraVid.Grains;

/// <summary>What work says of itself while it is done on another thread; the newest of each stage is passed on now and then.</summary>
internal sealed class WorkProgress
{
    /// <summary>How often it is passed on. 100 ms: an answer reads as if it were typed.</summary>
    internal static readonly TimeSpan Period = TimeSpan.FromMilliseconds(100);

    // Now and then the text is passed on from its beginning, for a job that lost it with its silo.
    private const int PiecesPerWhole = 20;

    private readonly Lock _lock = new();
    private readonly StringBuilder _text = new();
    private readonly Dictionary<JobStage, JobProgress> _stages = [];
    private int _pieces;

    internal void Show(JobProgress progress)
    {
        lock (_lock)
            _stages[progress.Stage] = progress;
    }

    internal void Write(string piece)
    {
        lock (_lock)
            _text.Append(piece);
    }

    /// <summary>The newest word of each stage that got on, in their order: the last of each says that it is done.</summary>
    internal IReadOnlyList<StageProgress> TakeStages()
    {
        lock (_lock)
        {
            List<StageProgress> stages = [.. _stages.Values.OrderBy(stage => stage.Stage).Select(stage =>
                new StageProgress(stage.Stage.ToString().ToLowerInvariant(), stage.Done, stage.Total, stage.Note))];
            _stages.Clear();
            return stages;
        }
    }

    /// <summary>The text from a place on, if there is more.</summary>
    internal TextPiece? TakeText(ref int shown)
    {
        lock (_lock)
        {
            if (_text.Length == shown)
                return null;
            if (++_pieces % PiecesPerWhole == 0)
                shown = 0;
            var piece = new TextPiece(shown, _text.ToString(shown, _text.Length - shown));
            shown = _text.Length;
            return piece;
        }
    }
}
