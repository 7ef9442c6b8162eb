using HieraVid.Pipeline.Jobs;
using Spectre.Console;

namespace HieraVid.Client.Output;

/// <summary>
/// Shows how far a job is, on standard error: a bar per stage on a terminal, a line per finished stage elsewhere. The answer
/// itself goes to standard output.
/// </summary>
internal abstract class StageDisplay
{
    private static readonly JobStage[] s_bars = [JobStage.Decode, JobStage.Encode, JobStage.Prefill];

    /// <summary>Told by the job.</summary>
    internal abstract void Show(JobProgress progress);

    /// <summary>Called before the first word of the answer; afterwards nothing is drawn any more.</summary>
    internal abstract void Close();

    /// <summary>The display that fits where standard error goes.</summary>
    internal static StageDisplay Create()
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        return Console.IsErrorRedirected || !console.Profile.Capabilities.Ansi ? new Lines() : new Bars(console);
    }

    private sealed class Lines : StageDisplay
    {
        internal override void Show(JobProgress progress)
        {
            if (progress.Done < progress.Total || progress.Stage is JobStage.Decode or JobStage.Generate)
                return;
            var what = progress.Note.Length > 0 ? progress.Note : Count.Of(progress.Total, "frame");
            Console.Error.WriteLine($"{Name(progress.Stage)}: {what}");
        }

        internal override void Close() { }
    }

    private sealed class Bars : StageDisplay
    {
        private readonly IAnsiConsole _console;
        private readonly TaskCompletionSource _closed = new();
        private readonly Dictionary<JobStage, ProgressTask> _tasks = [];
        private readonly Lock _lock = new();
        private Task? _drawing;

        internal Bars(IAnsiConsole console) => _console = console;

        internal override void Show(JobProgress progress)
        {
            lock (_lock)
            {
                if (_closed.Task.IsCompleted)
                    return;
                if (progress.Stage is JobStage.Load or JobStage.Probe)
                {
                    if (progress.Note.Length > 0)
                        _console.WriteLine(progress.Note);
                    return;
                }
                _drawing ??= Start();
                if (!_tasks.TryGetValue(progress.Stage, out var task))
                    return;
                // A stage's clock runs from its first sign of life, not from the first bar's.
                if (!task.IsStarted)
                    task.StartTask();
                (task.MaxValue, task.Value) = (progress.Total, progress.Done);
                if (progress.Done >= progress.Total)
                    task.StopTask();
            }
        }

        internal override void Close()
        {
            lock (_lock)
                _closed.TrySetResult();
            _drawing?.Wait();
        }

        private Task Start()
        {
            var ready = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            var drawing = Task.Run(() => _console.Progress()
                .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new ElapsedTimeColumn())
                .StartAsync(async context =>
                {
                    foreach (var stage in s_bars)
                        _tasks[stage] = context.AddTask(Name(stage), autoStart: false);
                    ready.SetResult();
                    await _closed.Task.ConfigureAwait(false);
                }));
            ready.Task.Wait();
            return drawing;
        }
    }

    private static string Name(JobStage stage) => stage.ToString().ToLowerInvariant();
}
