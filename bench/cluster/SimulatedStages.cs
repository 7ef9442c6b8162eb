using System.Collections.Concurrent;
using System.Diagnostics;
using HieraVid.Grains;

namespace HieraVid.Bench.Cluster;

/// <summary>
/// Stages that take a fixed time and compute nothing; all else of a cluster is as it is. It writes down how long each device
/// stood still between two stages.
/// </summary>
/// <param name="chunks">Chunks of a video.</param>
/// <param name="times">How long each stage takes.</param>
internal sealed class SimulatedStages(int chunks, StageTimes times)
{
    internal const int ChunkFrames = 16;

    private readonly ConcurrentDictionary<string, long> _ended = new();
    private readonly ConcurrentBag<(long Begun, TimeSpan Gap)> _gaps = [];
    private long _lastEncode;
    private int _run;

    /// <summary>Stages that were run.</summary>
    internal int Run => _run;

    /// <summary>How long devices stood still between two stages, as long as there were chunks left to encode.</summary>
    internal IReadOnlyList<double> GapMilliseconds => [.. _gaps.Where(gap => gap.Begun <= _lastEncode).Select(gap => gap.Gap.TotalMilliseconds).Order()];

    /// <summary>Forgets what it saw.</summary>
    internal void Reset()
    {
        _ended.Clear();
        _gaps.Clear();
        (_lastEncode, _run) = (0, 0);
    }

    /// <summary>The least time on so many devices: each does its share of whole chunks, and nothing is lost between two stages.</summary>
    internal TimeSpan Ideal(int devices)
    {
        var share = (chunks + devices - 1) / devices;
        return times.Probe + times.Cut + times.Decode + (share * (times.Encode + times.Summarise)) + times.Plan + (share * times.Apply) + times.Answer;
    }

    internal async Task<WorkDone> RunAsync(WorkItem item, string worker, Func<Task<WorkDone>> stage, CancellationToken cancellation)
    {
        var begun = Stopwatch.GetTimestamp();
        Interlocked.Increment(ref _run);
        if (item.Role == Roles.Gpu && _ended.TryGetValue(worker, out var ended))
            _gaps.Add((begun, Stopwatch.GetElapsedTime(ended, begun)));
        if (item.Kind == WorkKind.Encode)
            Interlocked.Exchange(ref _lastEncode, begun);
        await Task.Delay(times.Of(item.Kind), cancellation).ConfigureAwait(false);
        _ended[worker] = Stopwatch.GetTimestamp();
        (int, int)[] parts = [.. Enumerable.Range(0, chunks).Select(i => (i * ChunkFrames, ChunkFrames))];
        return item.Kind switch
        {
            WorkKind.Cut or WorkKind.Plan => new WorkDone(item) { Parts = parts },
            WorkKind.Encode => new WorkDone(item) { Frames = item.Count },
            WorkKind.Answer => new WorkDone(item) { Answer = "Nothing was looked at.", Finish = "stop" },
            _ => new WorkDone(item),
        };
    }
}

/// <summary>How long each stage takes.</summary>
internal sealed record StageTimes(
    TimeSpan Probe, TimeSpan Cut, TimeSpan Decode, TimeSpan Encode, TimeSpan Summarise, TimeSpan Plan, TimeSpan Apply, TimeSpan Answer)
{
    /// <summary>A chunk of 16 frames as a small GPU takes it.</summary>
    internal static StageTimes Video { get; } = Milliseconds(300, 100, 300, 1000, 50, 300, 50, 2000);

    /// <summary>Next to nothing: what is left is the cluster's own work.</summary>
    internal static StageTimes Small { get; } = Milliseconds(1, 1, 1, 1, 1, 1, 1, 1);

    internal TimeSpan Of(WorkKind kind) => kind switch
    {
        WorkKind.Probe => Probe,
        WorkKind.Cut => Cut,
        WorkKind.Decode => Decode,
        WorkKind.Encode => Encode,
        WorkKind.Summarise => Summarise,
        WorkKind.Plan => Plan,
        WorkKind.Apply => Apply,
        _ => Answer,
    };

    private static StageTimes Milliseconds(params int[] of) => new(
        Time(of[0]), Time(of[1]), Time(of[2]), Time(of[3]), Time(of[4]), Time(of[5]), Time(of[6]), Time(of[7]));

    private static TimeSpan Time(int milliseconds) => TimeSpan.FromMilliseconds(milliseconds);
}
