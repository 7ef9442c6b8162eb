using System.Collections.Concurrent;
using System.Diagnostics;
using HieraVid.Models;
using HieraVid.Models.Checkpoints;
using HieraVid.Pipeline;
using HieraVid.Pipeline.Blobs;
using HieraVid.Pipeline.Jobs;
using HieraVid.Pipeline.Running;
using HieraVid.Pipeline.Stages;
using HieraVid.Pipeline.Tokens;
using HieraVid.Pruning;
using HieraVid.Video;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Runtime;
using Orleans.Serialization;
using Orleans.Storage;
using Orleans.TestingHost;

namespace HieraVid.Grains.Tests;

/// <summary>A real tiny model and a real small video, made once, and clusters of in-process silos that share them.</summary>
public sealed class TestSilos : IDisposable
{
    // The configurators of a test cluster are made by the runtime; they find their silo here, by the cluster's name.
    private static readonly ConcurrentDictionary<string, Plan> s_clusters = new();

    public TestSilos()
    {
        // Several devices compute at once here; more threads each would only wait for each other.
        TorchSharp.torch.set_num_threads(1);
        var model = Path.Combine(Folder, "model");
        RandomCheckpoint.Create(model, CheckpointPreset.Tiny, seed: 3);
        Model = LoadedModel.Load(model, Compute.Reference);
        Video = Path.Combine(Folder, "moving.mp4");
        using var ffmpeg = Process.Start(new ProcessStartInfo("ffmpeg", ["-v", "error", "-nostdin", "-f", "lavfi", "-i", "testsrc2=s=64x48:r=10:d=4",
            "-c:v", "libx264", "-preset", "ultrafast", "-g", "10", "-y", "file:" + Video]))!;
        ffmpeg.WaitForExit();
        Assert.Equal(0, ffmpeg.ExitCode);
    }

    internal LoadedModel Model { get; }

    internal string Video { get; }

    internal string Folder { get; } = Directory.CreateTempSubdirectory("hieravid-grains-").FullName;

    internal FolderBlobs Blobs => new(Path.Combine(Folder, "store"));

    internal JobRequest Ask(int chunkFrames = 4, int frames = 24, string method = PruningMethods.HieraVid, int maxTokens = 8) => new()
    {
        VideoPath = Video,
        Question = "What is moving?",
        Sampling = new SamplingRequest(Frames: frames),
        Generation = new GenerationRequest(MaxTokens: maxTokens),
        Pruning = new PruningRequest { Method = method, Budget = 0.3 },
        ChunkFrames = chunkFrames,
    };

    /// <summary>The answer of one machine.</summary>
    internal Task<AnswerReport> AskAsync(JobRequest request) =>
        new LocalRunner(Model, VideoLimits.Default, new StoreUse(new TokenStore(Path.Combine(Folder, "local"), TokenStore.DefaultLimitBytes)))
            .RunAsync(request, cancellation: TestContext.Current.CancellationToken);

    /// <summary>A cluster of silos with these roles; the last ones are those of silos that are started later.</summary>
    internal Task<TestCluster> StartAsync(int silos, params Roles[] roles) => StartAsync(Witness(), silos, roles);

    /// <summary>The same before a witness. All silos but the first may be killed: that one knows which silos there are.</summary>
    internal async Task<TestCluster> StartAsync(Witness witness, int silos, params Roles[] roles)
    {
        var builder = new TestClusterBuilder((short)silos);
        s_clusters[builder.Options.ClusterId] = new Plan(this, roles, witness);
        builder.AddSiloBuilderConfigurator<Configurator>();
        var cluster = builder.Build();
        await cluster.DeployAsync();
        return cluster;
    }

    /// <summary>One who sees what a cluster does.</summary>
    internal Witness Witness(double chunkSeconds = 30) => new(new FaultyBlobs(Blobs)) { ChunkLimit = TimeSpan.FromSeconds(chunkSeconds) };

    internal static async Task<string> SubmitAsync(TestCluster cluster, JobRequest request)
    {
        var id = Guid.NewGuid().ToString("N");
        await cluster.GrainFactory.GetGrain<IVideoJobGrain>(id).Submit(new Submission(ClusterHosting.Pack(request), request.VideoPath, request.Question));
        return id;
    }

    internal static async Task<JobStatus> EndOfAsync(TestCluster cluster, string id, int seconds = 90)
    {
        for (var start = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(start).TotalSeconds < seconds;)
        {
            try
            {
                if (await cluster.GrainFactory.GetGrain<IVideoJobGrain>(id).Status() is { IsOver: true } status)
                    return status;
            }
            catch (Exception e) when (e is OrleansException or TimeoutException or IOException)
            {
                // Its silo is gone, or what it reads; it comes back.
            }
            await Task.Delay(50, TestContext.Current.CancellationToken);
        }
        throw new TimeoutException(await PictureAsync(cluster, id));
    }

    // What is to be known of a job that does not get on.
    private static async Task<string> PictureAsync(TestCluster cluster, string id)
    {
        var last = await cluster.GrainFactory.GetGrain<IVideoJobGrain>(id).Status();
        var board = await cluster.GrainFactory.GetGrain<IWorkBoardGrain>(0).Status();
        var grains = await cluster.GrainFactory.GetGrain<IManagementGrain>(0).GetDetailedGrainStatistics();
        var places = grains.Where(grain => grain.GrainType.Contains("HieraVid", StringComparison.Ordinal) && !grain.GrainType.Contains("VideoJob", StringComparison.Ordinal))
            .Select(grain => $"{grain.GrainId} on {grain.SiloAddress}");
        var workers = await Task.WhenAll(grains.Where(grain => grain.GrainType.Contains(nameof(GpuGrain), StringComparison.Ordinal))
            .Select(grain => cluster.GrainFactory.GetGrain<IGpuGrain>(grain.GrainId.Key.ToString()!).Status()));
        return $"""
            {last}; waiting {string.Join(",", board.Waiting)}; leased {string.Join(",", board.Leased)}
            {string.Join("\n", places)}
            {string.Join("\n", workers.AsEnumerable())}
            """;
    }

    internal static async Task UntilAsync(Func<Task<bool>> what, string said, int seconds = 60)
    {
        for (var start = Stopwatch.GetTimestamp(); !await what(); await Task.Delay(20, TestContext.Current.CancellationToken))
            Assert.True(Stopwatch.GetElapsedTime(start).TotalSeconds < seconds, $"Waited {seconds} s until {said}.");
    }

    internal AnswerReport ResultOf(string id) => new JobBlocks(Blobs, id).Read<AnswerReport>(JobBlocks.Result);

    public void Dispose()
    {
        Model.Dispose();
        Directory.Delete(Folder, recursive: true);
    }

    private sealed record Plan(TestSilos Owner, Roles[] Roles, Witness Witness)
    {
        internal int Started;

        internal ConcurrentDictionary<string, (byte[], string)> Records { get; } = new();
    }

    private sealed class Configurator : ISiloConfigurator
    {
        public void Configure(ISiloBuilder siloBuilder)
        {
            var plan = s_clusters[siloBuilder.Configuration["Orleans:ClusterId"]!];
            var number = Interlocked.Increment(ref plan.Started) - 1;
            var identity = new SiloIdentity($"silo{number}", plan.Roles[Math.Min(number, plan.Roles.Length - 1)]);
            var (owner, witness) = (plan.Owner, plan.Witness);
            siloBuilder.Services.AddKeyedSingleton<IGrainStorage>(ClusterOptions.Storage,
                (services, _) => new SharedStorage(plan.Records, services.GetRequiredService<Serializer>()));
            siloBuilder.Services.AddSingleton<IJobNews>(witness);
            siloBuilder.UseInMemoryReminderService();
            siloBuilder.Configure<ClusterMembershipOptions>(options =>
                (options.ProbeTimeout, options.NumMissedProbesLimit, options.NumVotesForDeathDeclaration) = (TimeSpan.FromSeconds(1), 2, 1));
            var devices = (identity.Roles & (Roles.Gpu | Roles.Prefill)) == 0 ? 0 : 2;
            siloBuilder.AddHieraVid(identity, _ => new WorkHost(identity, witness.Blobs, new VideoShelf(owner.Blobs, owner.Folder, long.MaxValue),
                VideoLimits.Default, [.. Enumerable.Range(0, devices).Select(i => new WorkDevice($"cpu:{i}", owner.Model))])
            { Run = witness.RunAsync },
                new ClusterOptions { Lease = TimeSpan.FromSeconds(3), OfferPeriod = TimeSpan.FromSeconds(1), ChunkLimit = witness.ChunkLimit });
        }
    }
}

[CollectionDefinition(nameof(WithSilos))]
public sealed class WithSilos : ICollectionFixture<TestSilos>;
