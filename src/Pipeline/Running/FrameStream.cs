using HieraVid.Video;

namespace HieraVid.Pipeline.Running;

/// <summary>
/// Decoded frames of a whole plan, handed out in pieces of the caller's size. One decoder process serves all chunks of an
/// in-process job, since starting one per chunk would decode the file's beginning again and again.
/// </summary>
internal sealed class FrameStream(IAsyncEnumerator<FrameBatch> batches) : IAsyncDisposable
{
    private FrameBatch? _batch;
    private int _taken;

    /// <summary>The next frames.</summary>
    /// <param name="end">The sample before which they must lie.</param>
    /// <param name="most">At most so many; fewer come where a batch ends.</param>
    /// <returns>Null where no further frame before <paramref name="end"/> could be decoded.</returns>
    internal async ValueTask<FrameBatch?> TakeAsync(int end, int most)
    {
        if (_batch is null || _taken == _batch.Count)
        {
            (_batch, _taken) = (await batches.MoveNextAsync().ConfigureAwait(false) ? batches.Current : null, 0);
            if (_batch is null)
                return null;
        }
        var first = _batch.FirstSample + _taken;
        if (first >= end)
            return null;
        var count = Math.Min(Math.Min(most, end - first), _batch.Count - _taken);
        var piece = _batch with
        {
            FirstSample = first,
            Count = count,
            Rgb = _batch.Rgb.Slice(_taken * _batch.FrameBytes, count * _batch.FrameBytes),
        };
        _taken += count;
        return piece;
    }

    public ValueTask DisposeAsync() => batches.DisposeAsync();
}
