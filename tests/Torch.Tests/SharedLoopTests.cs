using static TorchSharp.torch;

namespace HieraVid.Torch.Tests;

public class SharedLoopTests
{
    [Theory]
    [InlineData(0, 2)]
    [InlineData(1, 2)]
    [InlineData(1000, 1)]
    [InlineData(1000, 7)]
    public void Every_piece_is_done_once(int count, int threads)
    {
        var done = new int[count];
        SharedLoop.For(count, threads, i => Interlocked.Increment(ref done[i]));
        Assert.All(done, times => Assert.Equal(1, times));
    }

    [Fact]
    public void A_failure_is_the_callers()
    {
        var failure = Assert.ThrowsAny<Exception>(() => SharedLoop.For(100, 2, i =>
        {
            if (i == 40)
                throw new InvalidDataException("forty");
        }));
        Assert.Equal("forty", (failure as AggregateException)?.InnerException?.Message ?? failure.Message);
    }

    [Fact]
    public void Pieces_may_use_tensors()
    {
        var sums = new float[16];
        SharedLoop.For(16, 2, i =>
        {
            using var scope = NewDisposeScope();
            sums[i] = (ones([8, 8], float32) * i).mm(ones([8, 8], float32)).sum().item<float>();
        });
        Assert.Equal(Enumerable.Range(0, 16).Select(i => 512f * i), sums);
    }
}
