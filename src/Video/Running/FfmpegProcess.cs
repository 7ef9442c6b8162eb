using System.Collections.Concurrent;
using System.ComponentModel;
using System.Diagnostics;
using System.IO.Pipes;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace HieraVid.Video;

/// <summary>
/// One throw-away FFmpeg process behind the sandbox. Its output is read through <see cref="Output"/>; its messages are
/// handed to a callback line by line. Cancelling or disposing kills the whole process group and waits for its end.
/// </summary>
internal sealed partial class FfmpegProcess : IAsyncDisposable
{
    private const int KillSignal = 9;

    // A damaged file can cause thousands; the last few tell enough.
    private const int MaxComplaints = 32;

    private readonly Process process;
    private readonly string path;
    private readonly VideoLimits limits;
    private readonly Task messages;
    private readonly Timer alarm;
    private readonly CancellationTokenRegistration onCancel;
    private readonly CancellationToken cancel;
    private readonly Stopwatch waited;
    private volatile bool isTooSlow;
    private readonly ConcurrentQueue<string> complaints = new();

    private FfmpegProcess(Process process, string path, VideoLimits limits, Action<string?>? onMessage,
        Stopwatch waited, CancellationToken cancel)
    {
        this.process = process;
        this.path = path;
        this.limits = limits;
        this.waited = waited;
        this.cancel = cancel;
        Output = process.StandardOutput.BaseStream;
        Widen(Output);
        alarm = new Timer(_ => { isTooSlow = true; Kill(); });
        // A thread of its own: every line would wake one of the pool, which then spins in the hope of more work.
        messages = Task.Factory.StartNew(() => ReadMessages(onMessage), CancellationToken.None, TaskCreationOptions.LongRunning,
            TaskScheduler.Default);
        onCancel = cancel.Register(Kill);
    }

    /// <summary>What the process writes to its standard output.</summary>
    public Stream Output { get; }

    /// <summary>The last message that looks like an error, for the sentence shown to the user.</summary>
    public string LastMessage => complaints.LastOrDefault("");

    /// <summary>Whether some error message contains a phrase.</summary>
    public bool HasSaid(string phrase) => complaints.Any(c => c.Contains(phrase, StringComparison.Ordinal));

    /// <summary>Starts a tool on a video inside the sandbox.</summary>
    /// <param name="tool">Full path of ffmpeg or ffprobe.</param>
    /// <param name="arguments">Its arguments, never seen by a shell.</param>
    /// <param name="path">The video, for error messages.</param>
    /// <param name="limits">The ceilings.</param>
    /// <param name="input">Text for the standard input, or null for none.</param>
    /// <param name="onMessage">Called for every line of standard error, and with null at its end.</param>
    /// <param name="cancel">Kills the process group.</param>
    /// <param name="waited">The time that counts against the wall-time ceiling, where several processes share it.</param>
    public static FfmpegProcess Start(string tool, IEnumerable<string> arguments, string path, VideoLimits limits,
        string? input, Action<string?>? onMessage, CancellationToken cancel, Stopwatch? waited = null)
    {
        cancel.ThrowIfCancellationRequested();
        string[] command = [.. Sandbox.Prefix(limits), tool, .. arguments];
        var start = new ProcessStartInfo(command[0], command[1..])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
            CreateNoWindow = true,
        };
        CleanEnvironment(start.Environment);
        Process process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (Win32Exception)
        {
            throw VideoErrors.ToolMissing(tool, "FFMPEG");
        }

        var result = new FfmpegProcess(process, path, limits, onMessage, waited ?? new Stopwatch(), cancel);
        result.Feed(input);
        return result;
    }

    /// <summary>
    /// Runs one read of the output against the wall-time ceiling. Only time inside such reads counts, so a consumer
    /// that
    /// is slow to come back doesn't use it up.
    /// </summary>
    public async ValueTask<T> WaitAsync<T>(Func<Stream, ValueTask<T>> read)
    {
        var left = limits.WallTime - waited.Elapsed;
        if (left <= TimeSpan.Zero)
        {
            isTooSlow = true;
            Kill();
        }
        else
        {
            alarm.Change(left, Timeout.InfiniteTimeSpan);
        }

        waited.Start();
        T result = await read(Output).ConfigureAwait(false);
        waited.Stop();
        alarm.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        ThrowIfKilled();
        return result;
    }

    /// <summary>Waits for the end and returns the exit code; killed by a ceiling or by the caller throws.</summary>
    public async Task<int> ExitAsync()
    {
        await process.WaitForExitAsync(CancellationToken.None).ConfigureAwait(false);
        await messages.ConfigureAwait(false);
        ThrowIfKilled();
        // 128 + signal: SIGXCPU (24) and SIGKILL (9) come from the CPU limit. A failed allocation is reported in
        // words, the
        // second ones by the dynamic loader where not even the program fits.
        bool isKilled = process.ExitCode is 128 + 24 or 128 + 9;
        bool lacksMemory = HasSaid("Cannot allocate memory") || HasSaid("failed to map segment");
        if (isKilled || (process.ExitCode != 0 && lacksMemory))
            throw VideoErrors.OverBudget(path, limits);
        return process.ExitCode;
    }

    /// <summary>Kills the process and everything in its group; harmless when it has ended.</summary>
    public void Kill()
    {
        try
        {
            if (process.HasExited)
                return;
            // Both: the group may not exist yet in the first milliseconds, and it may hold more than the process.
            if (Sandbox.HasOwnGroup)
                _ = SendSignal(-process.Id, KillSignal);
            process.Kill();
        }
        catch (InvalidOperationException)
        {
            // It ended between the question and the kill.
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await onCancel.DisposeAsync().ConfigureAwait(false);
        await alarm.DisposeAsync().ConfigureAwait(false);
        Kill();
        await process.WaitForExitAsync(CancellationToken.None).ConfigureAwait(false);
        await messages.ConfigureAwait(false);
        process.Dispose();
    }

    // A pipe takes 64 KiB unless told otherwise: a picture then comes in dozens of pieces, and between any two the reader's thread
    // spins. With 1 MiB (the most that Linux gives to everybody) reading an hour's frames takes a third of the CPU time. Where the
    // kernel refuses, reading is only slower.
    private static void Widen(Stream output)
    {
        const int SetPipeSize = 1031, Bytes = 1 << 20;
        if (OperatingSystem.IsLinux() && output is PipeStream pipe)
            _ = FileControl(pipe.SafePipeHandle, SetPipeSize, Bytes);
    }

    private void ThrowIfKilled()
    {
        cancel.ThrowIfCancellationRequested();
        if (isTooSlow)
            throw VideoErrors.TooSlow(path, limits.WallTime);
    }

    private void Feed(string? input)
    {
        try
        {
            using var writer = process.StandardInput;
            if (input is not null)
                writer.Write(input);
        }
        catch (IOException)
        {
            // It ended without reading; its exit code and message tell why.
        }
    }

    private void ReadMessages(Action<string?>? onMessage)
    {
        while (process.StandardError.ReadLine() is { } line)
        {
            onMessage?.Invoke(line);
            if (!IsComplaint(line))
                continue;
            complaints.Enqueue(WithoutSource(line));
            if (complaints.Count > MaxComplaints)
                complaints.TryDequeue(out _);
        }

        onMessage?.Invoke(null);
    }

    private static bool IsComplaint(string line) =>
        line.Contains("rror", StringComparison.Ordinal) || line.Contains("nvalid", StringComparison.Ordinal) ||
        line.Contains("not found", StringComparison.Ordinal) || line.Contains("Cannot", StringComparison.Ordinal) ||
        line.Contains("partial file", StringComparison.Ordinal) || line.Contains("corrupt", StringComparison.Ordinal);

    // "[h264 @ 0x55d1] text" -> "text": the address is noise to a reader.
    private static string WithoutSource(string line)
    {
        int end = line.StartsWith('[') ? line.IndexOf("] ", StringComparison.Ordinal) : -1;
        return end < 0 ? line : line[(end + 2)..];
    }

    // The decoder of hostile input gets nothing that it could leak: no tokens, no connection strings, no home.
    private static void CleanEnvironment(IDictionary<string, string?> environment)
    {
        foreach (string name in environment.Keys.Except(KeptVariables).ToArray())
            environment.Remove(name);
        environment["LANG"] = "C";
        environment["LC_ALL"] = "C";
    }

    // The library path serves FFmpeg builds outside the system's folders; SystemRoot is needed by every Windows
    // program.
    private static readonly string[] KeptVariables = ["PATH", "LD_LIBRARY_PATH", "SystemRoot"];

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int SendSignal(int process, int signal);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int FileControl(SafePipeHandle file, int command, int value);
}
