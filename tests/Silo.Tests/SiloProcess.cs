using System.Diagnostics;
using System.Text.RegularExpressions;

namespace HieraVid.Silo.Tests;

/// <summary>A silo as users start it: a process of its own.</summary>
internal sealed partial class SiloProcess : IDisposable
{
    private readonly Process _process;
    private readonly List<string> _lines = [];
    private readonly TaskCompletionSource _workers = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _address = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private SiloProcess(ProcessStartInfo start)
    {
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, e) => Read(e.Data);
        _process.ErrorDataReceived += (_, e) => Read(e.Data);
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    internal Uri Address { get; private set; } = new("http://127.0.0.1:1");

    internal string Log
    {
        get
        {
            lock (_lines)
                return string.Join('\n', _lines.TakeLast(60));
        }
    }

    /// <summary>All that it said.</summary>
    internal string Whole
    {
        get
        {
            lock (_lines)
                return string.Join('\n', _lines);
        }
    }

    /// <summary>Starts a silo; it is up when its workers are and it can be asked.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="role">Its roles.</param>
    /// <param name="settings">Settings by their names.</param>
    /// <param name="environment">Variables that are no settings of ours.</param>
    internal static async Task<SiloProcess> StartAsync(
        string name, string role, IReadOnlyDictionary<string, string> settings, IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = Program("--role", role, "--name", name);
        foreach (var (key, value) in environment ?? new Dictionary<string, string>())
            start.Environment[key] = value;
        foreach (var (key, value) in settings)
            start.Environment[$"HieraVid__{key}"] = value;
        var silo = new SiloProcess(start);
        await Task.WhenAll(silo._workers.Task, silo._address.Task).WaitAsync(TimeSpan.FromSeconds(90)).ConfigureAwait(false);
        return silo;
    }

    /// <summary>Runs the program to its end.</summary>
    internal static async Task<(int Code, string Said)> RunAsync(IReadOnlyDictionary<string, string> settings, params string[] arguments)
    {
        var start = Program(arguments);
        foreach (var (key, value) in settings)
            start.Environment[$"HieraVid__{key}"] = value;
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var error = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, error + await output);
    }

    /// <summary>kill -9.</summary>
    internal void Kill()
    {
        _process.Kill();
        _process.WaitForExit();
    }

    /// <summary>Lets it hang: it keeps its connections and does nothing.</summary>
    internal void Pause() => Signal("STOP");

    /// <summary>Lets it go on.</summary>
    internal void Resume() => Signal("CONT");

    /// <summary>Ends it as an orchestrator does.</summary>
    /// <returns>Its exit code.</returns>
    internal async Task<int> StopAsync()
    {
        Signal("TERM");
        await _process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(60));
        return _process.ExitCode;
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            Kill();
        _process.Dispose();
    }

    private static ProcessStartInfo Program(params string[] arguments) =>
        new("dotnet", [typeof(SiloSettings).Assembly.Location, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };

    private void Signal(string signal)
    {
        using var kill = Process.Start("kill", [$"-{signal}", $"{_process.Id}"]);
        kill.WaitForExit();
    }

    private void Read(string? line)
    {
        if (line is null)
            return;
        lock (_lines)
            _lines.Add(line);
        if (UpAt().Match(line) is { Success: true } up)
        {
            Address = new Uri(up.Groups[1].Value);
            _address.TrySetResult();
        }
        if (line.Contains(" workers", StringComparison.Ordinal))
            _workers.TrySetResult();
    }

    [GeneratedRegex("is up: role .*, (http://127.0.0.1:[0-9]+),")]
    private static partial Regex UpAt();
}
