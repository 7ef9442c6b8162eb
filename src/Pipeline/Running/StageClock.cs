using System.Diagnostics;
using HieraVid.Pipeline.Jobs;

namespace HieraVid.Pipeline.Running;

/// <summary>Adds up the seconds of each stage of one job.</summary>
internal sealed class StageClock
{
    private long _start = Stopwatch.GetTimestamp();
    private readonly Dictionary<JobStage, TimeSpan> _spent = [];

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

    /// <summary>Counts from now to the result's disposal.</summary>
    internal Lap Measure(JobStage stage) => new(this, stage, Stopwatch.GetTimestamp());

    internal readonly record struct Lap(StageClock Clock, JobStage Stage, long Start) : IDisposable
    {
        public void Dispose() =>
            Clock._spent[Stage] = Clock._spent.GetValueOrDefault(Stage) + Stopwatch.GetElapsedTime(Start);
    }
}
