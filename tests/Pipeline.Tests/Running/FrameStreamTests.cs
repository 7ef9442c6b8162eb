using HieraVid.Pipeline.Running;
using HieraVid.Video;

namespace HieraVid.Pipeline.Tests.Running;

public class FrameStreamTests
{
    private const int Width = 3, Height = 2, FrameBytes = Width * Height * 3;

    [Fact]
    public async Task Pieces_cover_each_frame_once_and_in_order_whatever_the_sizes()
    {
        for (var seed = 0; seed < 300; seed++)
        {
            var random = new Random(seed);
            var frames = random.Next(0, 60);
            var batch = random.Next(1, 12);
            await using var stream = new FrameStream(Batches(frames, () => random.Next(1, batch + 1)).GetAsyncEnumerator(TestContext.Current.CancellationToken));
            var seen = 0;
            var most = random.Next(1, 12);
            while (await stream.TakeAsync(int.MaxValue, most) is { } piece)
            {
                Assert.InRange(piece.Count, 1, most);
                Assert.Equal(seen, piece.FirstSample);
                Assert.Equal(piece.Count * FrameBytes, piece.Rgb.Length);
                for (var i = 0; i < piece.Count; i++, seen++)
                    Assert.All(piece.Frame(i).ToArray(), pixel => Assert.Equal((byte)seen, pixel));
                most = random.Next(1, 12);
            }
            Assert.Equal(frames, seen);
            Assert.Null(await stream.TakeAsync(int.MaxValue, 1));
        }
    }

    [Fact]
    public async Task A_stream_that_is_left_early_closes_the_decoder()
    {
        var isClosed = false;
        await using (var stream = new FrameStream(Batches(20, () => 4, () => isClosed = true).GetAsyncEnumerator(TestContext.Current.CancellationToken)))
            Assert.Equal(3, (await stream.TakeAsync(int.MaxValue, 3))!.Count);
        Assert.True(isClosed);
    }

    // Frame k is filled with the byte k.
    private static async IAsyncEnumerable<FrameBatch> Batches(int frames, Func<int> size, Action? onClose = null)
    {
        try
        {
            for (var first = 0; first < frames;)
            {
                await Task.Yield();
                var count = Math.Min(size(), frames - first);
                byte[] pixels = [.. Enumerable.Range(first, count).SelectMany(i => Enumerable.Repeat((byte)i, FrameBytes))];
                yield return new FrameBatch(first, count, Width, Height, pixels);
                first += count;
            }
        }
        finally
        {
            onClose?.Invoke();
        }
    }
}
