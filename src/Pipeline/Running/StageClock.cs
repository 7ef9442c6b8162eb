using System.Diagnostics;
using HieraVid.Pipeline.Jobs;

namespace HieraVid.Pipeline.Running;

/// <summary>Adds up the seconds of each stage of one job. A stage within another one counts for itself only.</summary>
internal sealed class StageClock
{
    private long _start = Stopwatch.GetTimestamp();
    private readonly Dictionary<JobStage, TimeSpan> _spent = [];
    private readonly Stack<JobStage> _running = new();
    private long _changed;

    internal double TimeToFirstToken { get; private set; }

    internal double Elapsed => Stopwatch.GetElapsedTime(_start).TotalSeconds;

    internal void FirstToken() => TimeToFirstToken = Elapsed;

    internal double Seconds(JobStage stage) => _spent.GetValueOrDefault(stage).TotalSeconds;

    /// <summary>Counts work that was done before the clock was started as if it had been done right before.</summary>
    internal void Credit(JobStage stage, TimeSpan spent)
    {
        _spent[stage] = _spent.GetValueOrDefault(stage) + spent;
        _start -= (long)(spent.TotalSeconds * Stopwatch.Frequency);
    }

    /// <summary>Counts from now to the result's disposal, which must come before that of any lap begun earlier.</summary>
    internal Lap Measure(JobStage stage)
    {
        Charge();
        _running.Push(stage);
        return new Lap(this);
    }

    // The time since the last change of stage goes to the innermost running one.
    private void Charge()
    {
        var now = Stopwatch.GetTimestamp();
        if (_running.TryPeek(out var stage))
            _spent[stage] = _spent.GetValueOrDefault(stage) + Stopwatch.GetElapsedTime(_changed, now);
        _changed = now;
    }

    internal readonly record struct Lap(StageClock Clock) : IDisposable
    {
        public void Dispose()
        {
            Clock.Charge();
            Clock._running.Pop();
        }
    }
}
