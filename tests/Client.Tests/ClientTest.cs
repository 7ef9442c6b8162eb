using System.Diagnostics;

namespace HieraVid.Client.Tests;

/// <summary>
/// Runs the real program as a process, in a folder of the test's own that must hold nothing afterwards but what the test put
/// there; temporary files and caches go to folders of its own, too.
/// </summary>
public abstract class ClientTest : IDisposable
{
    // The test project references the program, so the same build lies beside the tests.
    private static readonly string s_program = Path.Combine(AppContext.BaseDirectory, "hieravid.dll");
    private readonly string _home = Directory.CreateTempSubdirectory("hieravid-client-").FullName;

    protected ClientTest()
    {
        foreach (var folder in new[] { Folder, Temporary, Cache })
            Directory.CreateDirectory(folder);
    }

    protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>The program's working directory.</summary>
    protected string Folder => Path.Combine(_home, "work");

    /// <summary>Where the program would put temporary files.</summary>
    protected string Temporary => Path.Combine(_home, "tmp");

    /// <summary>Where the program keeps what it wants to keep.</summary>
    protected string Cache => Path.Combine(_home, "cache");

    protected static string Model => Repository.Fixture("llava-onevision-tiny-hf");

    protected string At(string name) => Path.Combine(Folder, name);

    private protected Task<Outcome> RunAsync(params string[] arguments) => RunInAsync(Folder, [], arguments);

    /// <summary>Asks with the tiny model; the question comes first among the arguments where it matters.</summary>
    private protected Task<Outcome> AskAsync(string video, params string[] more) =>
        RunAsync(["ask", video, "What is moving?", "--model", Model, "--max-tokens", "4", "--threads", "2", .. more]);

    /// <summary>The program in another folder or with more environment.</summary>
    private protected Task<Outcome> RunInAsync(string folder, (string Name, string Value)[] environment, params string[] arguments) =>
        OutcomeAsync(Start(folder, environment, arguments));

    private static async Task<Outcome> OutcomeAsync(Process started)
    {
        using var process = started;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(Cancel), process.StandardError.ReadToEndAsync(Cancel));
        await process.WaitForExitAsync(Cancel);
        return new Outcome(process.ExitCode, await output, await errors);
    }

    /// <summary>A line for the shell, for redirections and mounts around the program.</summary>
    private protected Task<Outcome> ShellAsync(string line) => OutcomeAsync(Start("sh", Folder, [], "-c", line));

    private protected Process Start(string folder, (string Name, string Value)[] environment, params string[] arguments) =>
        Start("dotnet", folder, environment, [s_program, .. arguments]);

    private Process Start(string program, string folder, (string Name, string Value)[] environment, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        start.Environment["TMPDIR"] = Temporary;
        start.Environment["XDG_CACHE_HOME"] = Cache;
        // The runtime's own debugging socket is no file of the program's.
        start.Environment["DOTNET_EnableDiagnostics"] = "0";
        start.Environment.Remove("HIERAVID_HOME");
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        var process = Process.Start(start)!;
        process.StandardInput.Close();
        return process;
    }

    /// <summary>The program's words as one line for a shell.</summary>
    private protected static string ShellLine(params string[] arguments) =>
        string.Join(' ', arguments.Prepend(s_program).Prepend("dotnet").Select(word => $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'"));

    /// <summary>A small video by the real FFmpeg: 64 x 48 pixels, 10 frames per second.</summary>
    protected string MakeVideo(string name, double seconds = 1.2, string size = "64x48", params string[] arguments)
    {
        Tool("ffmpeg", ["-v", "error", "-nostdin", "-f", "lavfi", "-i", FormattableString.Invariant($"testsrc2=s={size}:r=10:d={seconds}"),
            "-c:v", "libx264", "-preset", "ultrafast", "-g", "10", .. arguments, "-y", "file:" + At(name)]);
        return name;
    }

    protected static void Tool(string name, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(name, arguments) { RedirectStandardError = true })!;
        var errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, errors);
    }

    /// <summary>A copy of the tiny checkpoint that a test may break.</summary>
    protected string CopyModel(string name = "model")
    {
        CopyFolder(Model, At(name));
        return name;
    }

    protected static void CopyFolder(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var file in Directory.GetFiles(from))
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
        foreach (var folder in Directory.GetDirectories(from))
            CopyFolder(folder, Path.Combine(to, Path.GetFileName(folder)));
    }

    /// <summary>Nothing lies in the working directory but what the test put there, and no temporary file remains.</summary>
    protected void NothingIsLeftBut(params string[] names)
    {
        Assert.Equal(names.Order(StringComparer.Ordinal),
            Directory.EnumerateFileSystemEntries(Folder).Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal));
        Assert.Empty(Directory.EnumerateFileSystemEntries(Temporary));
    }

    public void Dispose()
    {
        Directory.Delete(_home, recursive: true);
        GC.SuppressFinalize(this);
    }
}
