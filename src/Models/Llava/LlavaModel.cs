using HieraVid.Models.Configuration;
using HieraVid.Models.Qwen2;
using HieraVid.Models.Safetensors;
using HieraVid.Models.Vision;
using static TorchSharp.torch;

namespace HieraVid.Models.Llava;

/// <summary>
/// LLaVA-OneVision or LLaVA-Video for one video: SigLIP tower, projector, pooling, newline token, Qwen2 decoder. Both naming
/// schemes of the published files are read.
/// </summary>
public sealed class LlavaModel : VideoModel
{
    private readonly Weights _weights;
    private readonly Projector _projector;
    private readonly Tensor _newline;

    private LlavaModel(
        LlavaConfig config, SiglipVisionConfig vision, PreprocessorConfig preprocessor, CheckpointFolder files, CheckpointFolder? tower,
        Compute compute)
    {
        (Config, Preprocessor) = (config, preprocessor);
        Compute = compute;
        _weights = new Weights(files, compute);
        try
        {
            var names = LlavaNames.Of(config.Naming, files);
            Tower = new SiglipTower(vision, _weights.Under(names.Tower));
            VisionHead = HeadOf(vision, _weights.Under(names.Tower), tower is null ? null : _weights.In(tower).Under("vision_model."));
            var hidden = config.Text.HiddenSize;
            _projector = new Projector(
                _weights.Linear(names.ProjectorFirst, vision.HiddenSize, hidden),
                _weights.Linear(names.ProjectorSecond, hidden, hidden));
            _newline = _weights.Load(names.Newline, hidden);
            Decoder = new Qwen2Decoder(config.Text, _weights.Under(names.Decoder), _weights.Under(names.Head));
        }
        catch
        {
            _weights.Dispose();
            throw;
        }
    }

    /// <summary>The configuration as it is in the files.</summary>
    public override LlavaConfig Config { get; }

    /// <summary>Device and precision.</summary>
    public override Compute Compute { get; }

    /// <summary>Frame size and normalisation.</summary>
    public PreprocessorConfig Preprocessor { get; }

    /// <inheritdoc/>
    public override ResampleFilter Resample => Preprocessor.Resample;

    /// <inheritdoc/>
    public override int VisionHeadCount => Tower.Config.HeadCount;

    /// <inheritdoc/>
    protected override Tensor Newline => _newline;

    /// <summary>The vision tower.</summary>
    public SiglipTower Tower { get; }

    /// <summary>The tower's pooling head, which LLaVA's own checkpoints leave out; null where neither they nor the original tower's
    /// folder have it.</summary>
    public override SiglipHead? VisionHead { get; }

    /// <summary>The decoder.</summary>
    public override Qwen2Decoder Decoder { get; }

    /// <inheritdoc/>
    protected override Weights Weights => _weights;

    /// <summary>Visual tokens per frame, newlines not counted.</summary>
    public int TokensPerFrame => PooledSide * PooledSide;

    private int PooledSide => GridPooling.PooledSize(Tower.Config.GridSize, Config.Pool);

    /// <summary>The same for every video: the whole frame fills the tower's square.</summary>
    public override FrameGrid Grid(int width, int height, int frames) =>
        new(Preprocessor.ImageWidth, Preprocessor.ImageHeight, PooledSide, PooledSide);

    /// <inheritdoc/>
    public override VisionOutput EncodeFrames(Tensor frames, FrameGrid grid, bool watch = false, Action? onBlock = null)
    {
        using var scope = NewDisposeScope();
        (Tensor Received, Tensor Keys)? seen = null;
        var features = Tower.Forward(Patches(frames, Preprocessor.Mean, Preprocessor.StandardDeviation), (state, x) =>
        {
            onBlock?.Invoke();
            if (watch && state == Tower.WatchedState)
            {
                // The tower frees what is made inside it when it is through.
                var (received, keys) = Tower.Watch(x);
                seen = (received.MoveToOuterDisposeScope(), keys.MoveToOuterDisposeScope());
            }
        });
        var projected = Project(features);
        return new VisionOutput(Pool(projected).MoveToOuterDisposeScope(), features.MoveToOuterDisposeScope(),
            projected.MoveToOuterDisposeScope(), seen?.Received.MoveToOuterDisposeScope(), seen?.Keys.MoveToOuterDisposeScope());
    }

    /// <inheritdoc/>
    public override Tensor Pool(Tensor perPatch, FrameGrid grid) => Pool(perPatch);

    /// <inheritdoc/>
    public override VideoLayout Layout(FrameGrid grid, int steps, double secondsPerStep) => Layout(steps);

    /// <summary>Loads a checkpoint folder.</summary>
    /// <param name="folder">A Hugging Face folder of either naming scheme.</param>
    /// <param name="compute">Device and precision.</param>
    /// <param name="visionTowerFolder">The original tower, where config.json names one that is not built in.</param>
    /// <exception cref="ModelException">The folder cannot be used; the message says why.</exception>
    public static LlavaModel Load(string folder, Compute compute, string? visionTowerFolder = null) =>
        Load(folder, ModelConfig.Load<LlavaConfig>(folder), compute, visionTowerFolder);

    internal static LlavaModel Load(string folder, LlavaConfig config, Compute compute, string? visionTowerFolder)
    {
        var vision = config.ResolveVision(visionTowerFolder);
        using var files = CheckpointFolder.Open(folder);
        using var tower = visionTowerFolder is { } original && CheckpointFolder.HasWeights(original) ? CheckpointFolder.Open(original) : null;
        return new LlavaModel(config, vision, PreprocessorConfig.Load(folder, vision), files, tower, compute.Placed(config, files));
    }

    private static SiglipHead? HeadOf(SiglipVisionConfig config, params Weights?[] places) =>
        places.FirstOrDefault(weights => weights?.Has("head.probe") ?? false) is { } found ? new SiglipHead(config, found) : null;

    /// <summary>uint8 frames to normalised patch rows in the compute type: (x / 255 − mean) / std, formed in float32.</summary>
    /// <param name="frames">[F, size, size, 3] uint8 RGB.</param>
    /// <param name="mean">Per channel.</param>
    /// <param name="deviation">Per channel.</param>
    /// <returns>[F, patches, 3·patch·patch].</returns>
    public Tensor Patches(Tensor frames, IReadOnlyList<float> mean, IReadOnlyList<float> deviation)
    {
        using var scope = NewDisposeScope();
        // Cut into patches while the pixels are still bytes: a quarter of the traffic.
        var patches = Tower.Patches(frames.to(Compute.Device).permute(0, 3, 1, 2));
        var s = patches.shape;
        var byChannel = patches.view(s[0], s[1], mean.Count, s[2] / mean.Count);
        return PixelValues.Normalise(byChannel, mean, deviation).view(s).to(Compute.DType).MoveToOuterDisposeScope();
    }

    /// <summary>Tower, projector, pooling.</summary>
    /// <param name="patches">[F, patches, 3·patch·patch] in the compute type.</param>
    /// <returns>[F, <see cref="TokensPerFrame"/>, hidden].</returns>
    public Tensor Encode(Tensor patches)
    {
        using var scope = NewDisposeScope();
        return Pool(Project(Tower.Forward(patches))).MoveToOuterDisposeScope();
    }

    /// <summary>The projector alone: [F, patches, vision width] to [F, patches, hidden].</summary>
    public Tensor Project(Tensor features) => _projector.Forward(features);

    /// <summary>The pooling alone: [F, patches, hidden] to [F, <see cref="TokensPerFrame"/>, hidden].</summary>
    public Tensor Pool(Tensor projected) => GridPooling.Forward(projected, Tower.Config.GridSize, Config.Pool);

    /// <summary>Where the tokens of a video of so many frames stand.</summary>
    public VideoLayout Layout(int frames) => VideoLayout.Of(frames, PooledSide, PooledSide, Config.Newline);

    /// <summary>A whole video with its newline tokens.</summary>
    /// <param name="pooled">[F, <see cref="TokensPerFrame"/>, hidden].</param>
    public VideoSequence Sequence(Tensor pooled)
    {
        using var scope = NewDisposeScope();
        var layout = Layout((int)pooled.shape[0]);
        var video = Sequence(pooled.reshape(-1, pooled.shape[2]), [.. Enumerable.Range(0, layout.Visual.Count)], layout);
        video.Tokens.MoveToOuterDisposeScope();
        return video;
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing) => _weights.Dispose();
}
