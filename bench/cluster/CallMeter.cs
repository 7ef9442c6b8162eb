using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace HieraVid.Bench.Cluster;

/// <summary>Counts the calls between grains and their time, and the messages and bytes between silos.</summary>
internal sealed class CallMeter : IOutgoingGrainCallFilter, IDisposable
{
    private readonly ConcurrentDictionary<string, ConcurrentBag<double>> _calls = new();
    private readonly MeterListener _listener = new();
    private long _messages, _bytes;

    internal CallMeter()
    {
        // Orleans' own histogram of what goes over its connections.
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == "Microsoft.Orleans" && instrument.Name == "orleans-messaging-sent-messages-size")
                listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<int>((_, bytes, _, _) => Sent(bytes));
        _listener.SetMeasurementEventCallback<long>((_, bytes, _, _) => Sent(bytes));
        _listener.Start();
    }

    /// <summary>Messages between silos.</summary>
    internal long Messages => Interlocked.Read(ref _messages);

    /// <summary>Their bytes.</summary>
    internal long Bytes => Interlocked.Read(ref _bytes);

    /// <summary>The milliseconds that calls of a method took, in order.</summary>
    internal IReadOnlyList<double> Milliseconds(string method) => _calls.TryGetValue(method, out var times) ? [.. times.Order()] : [];

    internal void Reset()
    {
        _calls.Clear();
        Interlocked.Exchange(ref _messages, 0);
        Interlocked.Exchange(ref _bytes, 0);
    }

    public async Task Invoke(IOutgoingGrainCallContext context)
    {
        var start = Stopwatch.GetTimestamp();
        await context.Invoke();
        _calls.GetOrAdd(context.MethodName, _ => []).Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
    }

    public void Dispose() => _listener.Dispose();

    /// <summary>A quantile of sorted numbers; not a number where there are none.</summary>
    internal static double Quantile(IReadOnlyList<double> sorted, double share) =>
        sorted.Count == 0 ? double.NaN : sorted[Math.Min(sorted.Count - 1, (int)(share * sorted.Count))];

    private void Sent(long bytes)
    {
        Interlocked.Increment(ref _messages);
        Interlocked.Add(ref _bytes, bytes);
    }
}
