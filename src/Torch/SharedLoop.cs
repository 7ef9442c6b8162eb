using System.Runtime.ExceptionServices;

namespace HieraVid.Torch;

/// <summary>
/// A parallel loop that leaves the cores to the tensor library afterwards. libtorch's threads must wait passively for this
/// (<see cref="Loading.Libtorch"/>): else each of them spins for some milliseconds after a product, and loops on as many cores
/// take twice as long.
/// </summary>
public static class SharedLoop
{
    /// <summary>body(0) … body(count − 1), in any order.</summary>
    /// <param name="count">Number of pieces.</param>
    /// <param name="threads">The most threads to use, this one included.</param>
    /// <param name="body">One piece. Its first exception ends the loop and is the caller's.</param>
    public static void For(int count, int threads, Action<int> body)
    {
        try
        {
            Parallel.For(0, count, new ParallelOptions { MaxDegreeOfParallelism = threads }, body);
        }
        catch (AggregateException failures)
        {
            ExceptionDispatchInfo.Throw(failures.InnerExceptions[0]);
        }
    }
}
