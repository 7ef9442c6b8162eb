using static TorchSharp.torch;

namespace HieraVid.Torch.Tests;

public class ArgumentTests
{
    // With the package's own assembly it fails in one of three runs: scalars are freed while libtorch adds with them.
    [Fact]
    public async Task Collections_free_no_argument_of_a_running_operation()
    {
        using var done = new CancellationTokenSource();
        var collecting = Task.Run(() =>
        {
            while (!done.IsCancellationRequested)
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
            }
        });
        try
        {
            Parallel.For(0, 8, new ParallelOptions { MaxDegreeOfParallelism = 8 }, _ =>
            {
                for (var i = 0; i < 3000; i++)
                {
                    using var scope = NewDisposeScope();
                    var x = full([4], 1.5, float32);
                    Assert.Equal(3.25f, (x * 0.5 + x + 1.0).sum().item<float>() / 4);
                }
            });
        }
        finally
        {
            await done.CancelAsync();
            await collecting;
        }
    }
}
