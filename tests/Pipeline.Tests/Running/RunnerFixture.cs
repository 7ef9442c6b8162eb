using System.Diagnostics;
using HieraVid.Models;
using HieraVid.Models.Checkpoints;
using HieraVid.Pipeline.Jobs;
using HieraVid.Pipeline.Running;
using HieraVid.Pipeline.Tokens;
using HieraVid.Pruning;
using HieraVid.Video;

namespace HieraVid.Pipeline.Tests.Running;

/// <summary>
/// A real tiny model and real small videos, made once. All tests with tensors are in this collection, so that they run one
/// after the other and the number of living tensors means something.
/// </summary>
public sealed class RunnerFixture : IDisposable
{
    public RunnerFixture()
    {
        Model = LoadedModel.Load(Repository.Fixture("llava-onevision-tiny-hf"), Compute.Reference);
        Video = Make("moving.mp4", seconds: 1.2);
    }

    internal LoadedModel Model { get; }

    internal StoreUse Storing => new(new TokenStore(Path.Combine(Folder, "store"), TokenStore.DefaultLimitBytes));

    /// <summary>12 frames of 64 x 48 at 10 per second.</summary>
    internal string Video { get; }

    internal string Folder { get; } = Directory.CreateTempSubdirectory("hieravid-pipeline-").FullName;

    internal JobRequest Ask(int frames = 7, int maxTokens = 12) => new()
    {
        VideoPath = Video,
        Question = "What is moving?",
        Sampling = new SamplingRequest(Frames: frames),
        Generation = new GenerationRequest(MaxTokens: maxTokens),
        Pruning = new PruningRequest { Method = PruningMethods.None },
    };

    internal Task<AnswerReport> RunAsync(JobRequest request, Action<JobProgress>? onProgress = null, Action<string>? onText = null,
        ProbedVideo? probed = null, CancellationToken? cancellation = null) =>
        new LocalRunner(Model, VideoLimits.Default, Storing).RunAsync(request, onProgress, onText, probed,
            cancellation ?? TestContext.Current.CancellationToken);

    /// <summary>A random model of a preset, the caller's to free.</summary>
    internal LoadedModel Load(CheckpointPreset preset, string? pool = null, Compute? compute = null)
    {
        var folder = Path.Combine(Folder, preset.Name);
        if (!Directory.Exists(folder))
            RandomCheckpoint.Create(folder, preset, seed: 3);
        return LoadedModel.Load(folder, compute ?? Compute.Reference, pool: pool);
    }

    /// <summary>A job on another model.</summary>
    internal Task<AnswerReport> RunOnAsync(LoadedModel model, JobRequest request) =>
        new LocalRunner(model, VideoLimits.Default, Storing).RunAsync(request, cancellation: TestContext.Current.CancellationToken);

    internal string Make(string name, double seconds, string size = "64x48", string source = "testsrc2", params string[] arguments)
    {
        var path = Path.Combine(Folder, name);
        var start = new ProcessStartInfo("ffmpeg", ["-v", "error", "-nostdin", "-f", "lavfi", "-i",
            FormattableString.Invariant($"{source}{(source.Contains('=') ? ':' : '=')}s={size}:r=10:d={seconds}"), "-c:v", "libx264", "-preset", "ultrafast", "-g", "10",
            .. arguments, "-y", "file:" + path]);
        using var process = Process.Start(start)!;
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
        return path;
    }

    /// <summary>The first part of a file under a new name.</summary>
    internal string Cut(string path, string name, double share)
    {
        var bytes = File.ReadAllBytes(path);
        var cut = Path.Combine(Folder, name);
        File.WriteAllBytes(cut, bytes[..(int)(bytes.Length * share)]);
        return cut;
    }

    public void Dispose()
    {
        Model.Dispose();
        Directory.Delete(Folder, recursive: true);
    }
}

[CollectionDefinition(nameof(WithTensors))]
public sealed class WithTensors : ICollectionFixture<RunnerFixture>;
