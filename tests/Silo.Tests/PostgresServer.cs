using System.Diagnostics;

namespace HieraVid.Silo.Tests;

/// <summary>A PostgreSQL of our own on loopback, in a folder that goes with it.</summary>
internal sealed class PostgresServer : IDisposable
{
    // The newest that is installed; Debian has its servers beside each other and not on the path.
    private static readonly string? s_programs = Directory.Exists("/usr/lib/postgresql")
        ? Directory.GetDirectories("/usr/lib/postgresql").Order().Select(version => Path.Combine(version, "bin")).LastOrDefault(bin => File.Exists(Path.Combine(bin, "initdb")))
        : null;

    private readonly string _folder = Directory.CreateTempSubdirectory("hieravid-pg-").FullName;
    private readonly int _port = FreePort.Choose(0, 0);

    internal PostgresServer()
    {
        // The server refuses to run as root.
        if (Environment.UserName == "root")
            Run("chown", "postgres", _folder);
        Server("initdb", "-D", $"{_folder}/data", "-A", "trust", "-U", "hieravid", "--no-sync");
        Server("pg_ctl", "-D", $"{_folder}/data", "-l", $"{_folder}/log", "-w", "-o",
            $"-p {_port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={_folder} -c fsync=off", "start");
    }

    internal static bool IsInstalled => s_programs is not null;

    internal string Connection => $"Host=127.0.0.1;Port={_port};Username=hieravid;Database=postgres";

    internal void Restart() => Server("pg_ctl", "-D", $"{_folder}/data", "-m", "fast", "-w", "-l", $"{_folder}/log", "restart");

    public void Dispose()
    {
        Server("pg_ctl", "-D", $"{_folder}/data", "-m", "immediate", "-w", "stop");
        Directory.Delete(_folder, recursive: true);
    }

    private static void Server(string program, params string[] arguments)
    {
        var path = Path.Combine(s_programs!, program);
        if (Environment.UserName == "root")
            Run("setpriv", ["--reuid=postgres", "--regid=postgres", "--clear-groups", path, .. arguments]);
        else
            Run(path, arguments);
    }

    private static void Run(string program, params string[] arguments)
    {
        // What it says goes to a file: a server that was started would keep a pipe open.
        var said = Path.GetTempFileName();
        using var process = Process.Start(new ProcessStartInfo("sh", ["-c", "exec \"$0\" \"$@\" >\"$SAID\" 2>&1", program, .. arguments])
        {
            WorkingDirectory = "/",
            Environment = { ["SAID"] = said },
        })!;
        process.WaitForExit();
        var last = File.ReadLines(said).LastOrDefault(line => line.Length > 0);
        File.Delete(said);
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"PostgreSQL: {program} {string.Join(' ', arguments)} ended with {process.ExitCode}: {last}");
    }
}
