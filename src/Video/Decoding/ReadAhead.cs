using System.Collections.Concurrent;
using System.Threading.Channels;

namespace HieraVid.Video;

/// <summary>
/// Lets a lane decode and resize on a thread of its own, a bounded number of pictures ahead of whoever takes them.
/// </summary>
internal sealed class ReadAhead : IAsyncDisposable
{
    private readonly Channel<byte[]?> pictures;
    private readonly ConcurrentBag<byte[]> free = [];
    private readonly Lane lane;
    private readonly Task work;
    private byte[]? taken;

    /// <summary>Begins decoding.</summary>
    /// <param name="lane">Where the pictures come from; belongs to this from now on.</param>
    /// <param name="frames">The lane's frames, ascending.</param>
    /// <param name="resize">To the size asked for.</param>
    /// <param name="bytes">Of a resized picture.</param>
    /// <param name="most">Pictures kept ready.</param>
    /// <param name="cancel">Ends it.</param>
    public ReadAhead(Lane lane, IEnumerable<int> frames, PillowResize resize, int bytes, int most, CancellationToken cancel)
    {
        this.lane = lane;
        pictures = Channel.CreateBounded<byte[]?>(new BoundedChannelOptions(most) { SingleReader = true, SingleWriter = true });
        // A thread of its own, as reading blocks it most of the time.
        work = Task.Factory.StartNew(() => Run(frames, resize, bytes, cancel), CancellationToken.None,
            TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    /// <summary>The next frame's picture, valid until the next call; null if it can't be had.</summary>
    /// <exception cref="VideoException">As decoding it threw.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public async ValueTask<byte[]?> NextAsync()
    {
        if (taken is not null)
            free.Add(taken);
        // Waiting, unlike reading, throws what ended the writer as it is.
        await pictures.Reader.WaitToReadAsync(CancellationToken.None).ConfigureAwait(false);
        return taken = pictures.Reader.TryRead(out var picture) ? picture : null;
    }

    /// <summary>Waits for the thread, which must have been cancelled if it hasn't ended.</summary>
    public async ValueTask DisposeAsync()
    {
        await work.ConfigureAwait(false);
        await lane.DisposeAsync().ConfigureAwait(false);
    }

    private void Run(IEnumerable<int> frames, PillowResize resize, int bytes, CancellationToken cancel)
    {
        try
        {
            foreach (int frame in frames)
            {
                byte[]? picture = null;
                if (Wait(lane.ReadAsync(frame)) is { } raw)
                {
                    picture = free.TryTake(out byte[]? used) ? used : GC.AllocateUninitializedArray<byte>(bytes);
                    resize.Apply(raw, picture);
                }

                while (!pictures.Writer.TryWrite(picture))
                    Wait(pictures.Writer.WaitToWriteAsync(cancel));
            }

            pictures.Writer.Complete();
        }
        catch (Exception e)
        {
            // Whoever takes the next picture gets it.
            pictures.Writer.Complete(e);
        }
    }

    private static T Wait<T>(ValueTask<T> task) => task.AsTask().GetAwaiter().GetResult();
}
