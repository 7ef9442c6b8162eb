using System.Text;

namespace HieraVid.Contracts;

/// <summary>
/// What a reader knows of a job from its events, whatever order they come in and however often: newer words of a stage are
/// not overwritten by older ones, pieces of the answer wait until they fit, and the first end is the end. Not safe from
/// several threads at once.
/// </summary>
public sealed class VideoJobReader
{
    // A cluster that has lost so many pieces is asked for the whole; to hold more would only cost memory.
    private const int MostWaiting = 1_000;

    private readonly Dictionary<string, VideoJobProgress> _stages = [];
    private readonly SortedDictionary<int, string> _waiting = [];
    private readonly StringBuilder _text = new();

    /// <summary>Whether the cluster has said that it knows the job.</summary>
    public bool IsKnown { get; private set; }

    /// <summary>The newest word of each stage, by name.</summary>
    public IReadOnlyDictionary<string, VideoJobProgress> Stages => _stages;

    /// <summary>The answer as far as it is known without a gap.</summary>
    public string Text => _text.ToString();

    /// <summary>Whether pieces of the answer are missing before others that came: to be asked for.</summary>
    public bool IsBehind => _waiting.Count > 0;

    /// <summary>What ended the job; null before.</summary>
    public VideoJobEvent? End { get; private set; }

    /// <summary>Takes an event.</summary>
    /// <param name="happened">The event, of the job that this reads of.</param>
    /// <returns>Whether it said anything new.</returns>
    public bool Read(VideoJobEvent happened)
    {
        ArgumentNullException.ThrowIfNull(happened);
        if (End is not null)
            return false;
        var isNew = happened is not VideoJobUnknown && !IsKnown;
        IsKnown |= isNew;
        switch (happened)
        {
            case VideoJobProgress progress:
                return Show(progress) | Add(progress.TextStart, progress.Text) | isNew;
            case VideoJobCompleted completed:
                End = completed;
                _waiting.Clear();
                // What was written may be the beginning of the answer only; it is never another.
                _text.Clear().Append(completed.Answer);
                return true;
            case VideoJobFailed:
                End = happened;
                return true;
            default:
                return isNew || happened is VideoJobUnknown;
        }
    }

    private bool Show(VideoJobProgress progress)
    {
        if (progress.Stage.Length == 0 || (_stages.TryGetValue(progress.Stage, out var known) && known.Sequence >= progress.Sequence))
            return false;
        _stages[progress.Stage] = progress;
        return true;
    }

    private bool Add(int start, string piece)
    {
        if (piece.Length == 0 || start < 0 || start + piece.Length <= _text.Length)
            return false;
        // The longest of those that begin at one place.
        if ((_waiting.Count < MostWaiting || start <= _text.Length) && !(_waiting.TryGetValue(start, out var known) && known.Length >= piece.Length))
            _waiting[start] = piece;
        var before = _text.Length;
        while (_waiting.Count > 0 && _waiting.First() is var (first, text) && first <= _text.Length)
        {
            _waiting.Remove(first);
            if (first + text.Length > _text.Length)
                _text.Append(text, _text.Length - first, first + text.Length - _text.Length);
        }
        return _text.Length > before;
    }
}
