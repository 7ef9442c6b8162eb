using HieraVid.Pipeline.Running;
using HieraVid.Torch;
using HieraVid.Video;
using static TorchSharp.torch;

namespace HieraVid.Bench.Workers;

/// <summary>The video that is measured with: the shipped sample, or HIERAVID_BENCH_VIDEO.</summary>
internal static class SampleVideo
{
    internal const int FrameCount = 32;

    internal static string File => Environment.GetEnvironmentVariable("HIERAVID_BENCH_VIDEO")
        ?? Path.GetFullPath(Path.Combine("samples", "bottle-detection.mp4"));

    /// <summary>
    /// Its frames, encoded: [32, P, hidden] in bfloat16. Encoding takes a minute, so it is done once and kept in
    /// artifacts/bench; delete the file after a change to the encoder.
    /// </summary>
    internal static Tensor Tokens(LoadedModel model)
    {
        var name = $"tokens-{Path.GetFileName(model.Folder)}-{Path.GetFileNameWithoutExtension(File)}.bfloat16";
        var path = Path.Combine("artifacts", "bench", name);
        if (!System.IO.File.Exists(path))
            System.IO.File.WriteAllBytes(path, Encoded(model).bytes.ToArray());
        var bytes = System.IO.File.ReadAllBytes(path);
        long width = model.Network.Config.Text.HiddenSize;
        var tokens = empty([FrameCount, bytes.Length / (2 * FrameCount * width), width], ScalarType.BFloat16);
        bytes.CopyTo(tokens.bytes);
        return tokens;
    }

    private static Tensor Encoded(LoadedModel model)
    {
        var video = Probe();
        var grid = model.Network.Grid(video.Width, video.Height, FrameCount);
        var size = new FrameSize(grid.Width, grid.Height);
        var pieces = new List<Tensor>();
        Decode(video, size, batch =>
        {
            using var scope = NewDisposeScope();
            var frames = TensorData.From(batch.Rgb.Span, batch.Count, batch.Height, batch.Width, 3);
            pieces.Add(model.Network.EncodeFrames(frames, grid).Tokens.DetachFromDisposeScope());
        }).GetAwaiter().GetResult();
        var tokens = TensorData.Concatenate(pieces);
        pieces.ForEach(piece => piece.Dispose());
        return tokens;
    }

    /// <summary>Looks at it as a job does.</summary>
    internal static VideoInfo Probe() => VideoProbe.ProbeAsync(File, VideoLimits.Default).GetAwaiter().GetResult();

    /// <summary>Samples and decodes it as a job does.</summary>
    internal static async Task Decode(VideoInfo video, FrameSize size, Action<FrameBatch> onBatch)
    {
        var plan = SamplingPlan.Uniform(video, FrameCount);
        await foreach (var batch in FrameDecoder.DecodeAsync(video, plan, size, 8, VideoLimits.Default).ConfigureAwait(false))
            onBatch(batch);
    }
}
