#if !TORCHSHARP
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using TorchSharp;
#endif

namespace HieraVid.Torch;

/// <summary>
/// A parallel loop on the tensor library's own threads. .NET's would fight with them for the cores: after each product they
/// wait for the next one for some milliseconds without giving way, in which loops on two cores were twice as slow.
/// </summary>
public static class SharedLoop
{
#if TORCHSHARP
    /// <summary>body(0) … body(count − 1), in any order; TorchSharp lends no threads, so .NET's are taken.</summary>
    /// <param name="count">Number of pieces.</param>
    /// <param name="threads">The most threads to use, this one included.</param>
    /// <param name="body">One piece.</param>
    public static void For(int count, int threads, Action<int> body) =>
        Parallel.For(0, count, new ParallelOptions { MaxDegreeOfParallelism = threads }, body);
#else
    private sealed class Loop(Action<int> body)
    {
        private Exception? _failure;

        internal void Run(int piece)
        {
            // No exception may cross the native frames of the loop.
            try
            {
                if (_failure is null)
                    body(piece);
            }
            catch (Exception exception)
            {
                Interlocked.CompareExchange(ref _failure, exception, null);
            }
        }

        internal void ThrowIfFailed()
        {
            if (_failure is not null)
                ExceptionDispatchInfo.Throw(_failure);
        }
    }

    /// <summary>body(0) … body(count − 1), in any order.</summary>
    /// <param name="count">Number of pieces.</param>
    /// <param name="threads">The most threads to use, this one included; never more than the tensor library's.</param>
    /// <param name="body">One piece. Its first exception ends the loop and is the caller's.</param>
    public static unsafe void For(int count, int threads, Action<int> body)
    {
        var loop = new Loop(body);
        var handle = GCHandle.Alloc(loop);
        try
        {
            if (Native.hv_parallel_for(count, threads, &Run, GCHandle.ToIntPtr(handle)) != 0)
                throw TorchException.For("parallel_for", []);
        }
        finally
        {
            handle.Free();
        }
        loop.ThrowIfFailed();
    }

    [UnmanagedCallersOnly]
    private static void Run(IntPtr loop, long piece) => ((Loop)GCHandle.FromIntPtr(loop).Target!).Run((int)piece);
#endif
}
