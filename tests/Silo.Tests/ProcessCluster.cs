using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json;
using HieraVid.Contracts;
using HieraVid.Models;
using HieraVid.Models.Checkpoints;
using HieraVid.Pipeline;
using HieraVid.Pipeline.Jobs;
using HieraVid.Pipeline.Running;
using HieraVid.Pipeline.Tokens;
using HieraVid.Video;

namespace HieraVid.Silo.Tests;

/// <summary>A cluster of processes over a PostgreSQL of its own, with a tiny model and a small video.</summary>
internal sealed class ProcessCluster : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("hieravid-kill-").FullName;
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(20) };
    private readonly Dictionary<string, SiloProcess> _silos = [];

    private ProcessCluster()
    {
    }

    internal Postgres Postgres { get; } = new();

    internal Dictionary<string, string> Settings { get; private set; } = [];

    internal string Video => Path.Combine(_folder, "v.mp4");

    /// <summary>The silo that is asked.</summary>
    internal string Ingress { get; set; } = "edge";

    private string Model => Path.Combine(_folder, "model");

    internal static async Task<ProcessCluster> CreateAsync(params (string Setting, string Value)[] settings)
    {
        var cluster = new ProcessCluster();
        try
        {
            await cluster.PrepareAsync(settings);
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>A silo by its name.</summary>
    internal SiloProcess this[string name] => _silos[name];

    internal async Task StartAsync(string name, string role, IReadOnlyDictionary<string, string>? environment = null)
    {
        var silo = await SiloProcess.StartAsync(name, role, Settings, environment);
        lock (_silos)
            _silos[name] = silo;
    }

    internal SubmitVideoJob Job(int frames = 80) => new()
    {
        JobId = Guid.NewGuid(),
        Source = $"file:{Video}",
        Question = "What is moving?",
        Frames = frames,
        ChunkFrames = 4,
        MaxTokens = 24,
    };

    /// <summary>The answer of one machine.</summary>
    internal async Task<AnswerReport> AskAsync(SubmitVideoJob job)
    {
        using var model = LoadedModel.Load(Model, Compute.Reference);
        return await new LocalRunner(model, VideoLimits.Default, new StoreUse(new TokenStore(Path.Combine(_folder, "local"), TokenStore.DefaultLimitBytes)))
            .RunAsync(new JobRequest
            {
                VideoPath = Video,
                Question = job.Question,
                Sampling = new SamplingRequest(Frames: job.Frames),
                Generation = new GenerationRequest(MaxTokens: job.MaxTokens),
                ChunkFrames = job.ChunkFrames,
            });
    }

    /// <summary>Submits a job until it is accepted, as the queue does: its grain may be on a silo that was killed just now.</summary>
    internal Task SubmitAsync(SubmitVideoJob job) => UntilAsync(async () =>
    {
        try
        {
            return (await _http.PostAsJsonAsync(new Uri(_silos[Ingress].Address, "/jobs"), job)).IsSuccessStatusCode;
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
        {
            return false;
        }
    }, $"job {job.JobId:N} is accepted");

    /// <summary>What the cluster says of a job; null where it cannot say now.</summary>
    internal async Task<JsonElement?> StatusAsync(Guid id)
    {
        try
        {
            return await _http.GetFromJsonAsync<JsonElement>(new Uri(_silos[Ingress].Address, $"/jobs/{id:N}"));
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
        {
            return null;
        }
    }

    /// <summary>Waits until the job is over and nothing is left of it but the result, and compares it with one machine's.</summary>
    internal async Task CheckAsync(Guid id, AnswerReport alone)
    {
        await UntilAsync(() => Files(id) is ["result.json"], $"job {id:N} is over and cleaned up", seconds: 150);
        await UntilAsync(async () => await StatusAsync(id) is { } job && job.GetProperty("isOver").GetBoolean(), $"job {id:N} says that it is over");
        Assert.Equal("completed", (await StatusAsync(id))!.Value.GetProperty("phase").GetString());
        var result = await _http.GetFromJsonAsync<JsonElement>(new Uri(_silos[Ingress].Address, $"/jobs/{id:N}/result"));
        Assert.Equal(alone.Answer, result.GetProperty("answer").GetString());
        Assert.Equal(alone.KeptTokens, result.GetProperty("keptTokens").Deserialize<Dictionary<string, string>>());
    }

    /// <summary>The encoded chunks with the time at which each was written.</summary>
    internal Dictionary<string, DateTime> Tokens(Guid id) => Directory.Exists(Folder(id))
        ? Directory.GetFiles(Folder(id), "tokens-?????").ToDictionary(file => Path.GetFileName(file), File.GetLastWriteTimeUtc)
        : [];

    /// <summary>What there is of a job in the store.</summary>
    internal string[] Files(Guid id) => Directory.Exists(Folder(id)) ? [.. Directory.GetFiles(Folder(id)).Select(file => Path.GetFileName(file))] : [];

    internal Task UntilAsync(Func<bool> what, string said, int seconds = 90) => UntilAsync(() => Task.FromResult(what()), said, seconds);

    internal async Task UntilAsync(Func<Task<bool>> what, string said, int seconds = 90)
    {
        for (var start = Stopwatch.GetTimestamp(); !await what(); await Task.Delay(20, TestContext.Current.CancellationToken))
        {
            Assert.True(Stopwatch.GetElapsedTime(start).TotalSeconds < seconds,
                $"Waited {seconds} s until {said}.\n{await BoardAsync()}\n{string.Join("\n\n", _silos.Select(silo => $"== {silo.Key}\n{silo.Value.Log}"))}");
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var silo in _silos.Values)
            silo.Dispose();
        await Postgres.DisposeAsync();
        _http.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task PrepareAsync((string Setting, string Value)[] settings)
    {
        await Postgres.ReadyAsync();
        RandomCheckpoint.Create(Model, CheckpointPreset.Tiny, seed: 3);
        using var ffmpeg = Process.Start(new ProcessStartInfo("ffmpeg", ["-v", "error", "-nostdin", "-f", "lavfi", "-i", "testsrc2=s=64x48:r=10:d=8",
            "-c:v", "libx264", "-preset", "ultrafast", "-g", "10", "-y", "file:" + Video]))!;
        await ffmpeg.WaitForExitAsync();
        Settings = new()
        {
            ["Database"] = Postgres.Connection,
            ["Address"] = "127.0.0.1",
            ["Store"] = Path.Combine(_folder, "store"),
            ["Model"] = Model,
            ["DType"] = "f32",
            ["Devices"] = "cpu:2",
            ["Threads"] = "1",
            ["LeaseSeconds"] = "3",
            ["DeadAfterSeconds"] = "3",
        };
        foreach (var (setting, value) in settings)
            Settings[setting] = value;
        var (code, said) = await SiloProcess.RunAsync(Settings, "--deploy");
        Assert.True(code == 0, said);
    }

    private string Folder(Guid id) => Path.Combine(_folder, "store", "jobs", $"{id:N}");

    private async Task<string> BoardAsync()
    {
        try
        {
            return await _http.GetStringAsync(new Uri(_silos[Ingress].Address, "/board"));
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
        {
            return $"The board cannot be asked: {e.Message}";
        }
    }
}
