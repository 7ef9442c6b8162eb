using HieraVid.Torch;

namespace HieraVid.Pruning.Dpp;

/// <summary>Runs independent pieces of work on a bounded number of threads.</summary>
internal static class Workers
{
    // Waking a worker takes some 10 µs; a core does about a million multiply-adds in twice that time.
    private const double WorthSharing = 2e6;

    /// <summary>body(0) … body(count − 1), in any order.</summary>
    /// <param name="count">Number of pieces.</param>
    /// <param name="threads">The most threads to use, this one included.</param>
    /// <param name="work">Multiply-adds of all pieces together: little work stays on this thread.</param>
    /// <param name="body">One piece.</param>
    internal static void For(int count, int threads, double work, Action<int> body)
    {
        if (threads > 1 && count > 1 && work > WorthSharing)
        {
            SharedLoop.For(count, threads, body);
            return;
        }
        for (var i = 0; i < count; i++)
            body(i);
    }
}
