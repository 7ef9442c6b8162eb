using System.Diagnostics.CodeAnalysis;

namespace HieraVid.TestParts;

/// <summary>
/// Something real that tests share: a server, a cluster, a program that is built for them. The first test that needs it starts
/// it, not the test framework: that would answer for every test with "class fixture threw" and a trace. So each test fails
/// with the part's own sentence, or is skipped with it where a program of the part is not installed.
/// </summary>
public abstract class RealPart : IAsyncDisposable
{
    private readonly Lazy<Task> _start;

    protected RealPart() => _start = new Lazy<Task>(() => Task.Run(StartAsync));

    /// <summary>Awaited by every test before it uses the part, best in its class's InitializeAsync.</summary>
    internal Task ReadyAsync() => _start.Value;

    public async ValueTask DisposeAsync()
    {
        // The tests said why, where it did not start; what it left is cleared away all the same.
        if (_start.IsValueCreated)
            await _start.Value.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await StopAsync();
        GC.SuppressFinalize(this);
    }

    protected abstract Task StartAsync();

    /// <summary>Also called where it was never started, or the start failed half-way.</summary>
    protected abstract ValueTask StopAsync();

    /// <summary>Skips whoever needs the part: a program is missing that ./test installs where it may.</summary>
    [DoesNotReturn]
    protected static void Missing(string what, string packages) => Assert.Skip(Programs.Missing(what, packages));
}
