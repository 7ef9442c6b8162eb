using HieraVid.Models.Configuration;
using HieraVid.Models.Qwen2;
using HieraVid.Models.Safetensors;
using static TorchSharp.torch;

namespace HieraVid.Models.Qwen2Vl;

/// <summary>Qwen2-VL or Qwen2.5-VL for one video: a tower for frames of any size, and a decoder with three-part positions.</summary>
public sealed class QwenVlModel : VideoModel
{
    private readonly Weights _weights;
    private readonly QwenVlPreprocessor _preprocessor;

    private QwenVlModel(QwenVlConfig config, QwenVlPreprocessor preprocessor, CheckpointFolder files, Compute compute)
    {
        (Config, Compute, _preprocessor) = (config, compute, preprocessor);
        _weights = new Weights(files, compute);
        try
        {
            var names = QwenVlNames.Of(files);
            Tower = new QwenVlTower(config.Vision, config.Text.HiddenSize, _weights.Under(names.Tower), config.Parts);
            Decoder = new Qwen2Decoder(config.Text, _weights.Under(names.Decoder), _weights.Under(names.Head));
        }
        catch
        {
            _weights.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public override QwenVlConfig Config { get; }

    /// <inheritdoc/>
    public override Compute Compute { get; }

    /// <summary>The vision tower.</summary>
    public QwenVlTower Tower { get; }

    /// <inheritdoc/>
    public override Qwen2Decoder Decoder { get; }

    /// <inheritdoc/>
    protected override Weights Weights => _weights;

    /// <inheritdoc/>
    public override ResampleFilter Resample => _preprocessor.Resample;

    /// <inheritdoc/>
    public override int VisionHeadCount => Tower.Config.HeadCount;

    /// <summary>Loads a checkpoint folder.</summary>
    internal static QwenVlModel Load(string folder, QwenVlConfig config, Compute compute)
    {
        var preprocessor = QwenVlPreprocessor.Load(folder, config.Vision);
        using var files = CheckpointFolder.Open(folder);
        return new QwenVlModel(config, preprocessor, files, compute.Placed(config, files));
    }

    /// <inheritdoc/>
    public override FrameGrid Grid(int width, int height, int frames) =>
        QwenVlPreprocessor.Grid(Tower.Config, width, height, frames);

    /// <summary>uint8 frames to normalised patch rows in the compute type.</summary>
    /// <param name="frames">[f, height, width, 3] uint8 RGB, of the grid's size.</param>
    /// <returns>[steps, patches, values of a patch].</returns>
    public Tensor Patches(Tensor frames)
    {
        using var scope = NewDisposeScope();
        return _preprocessor.Patches(frames.to(Compute.Device), Tower.Config).to(Compute.DType).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override VisionOutput EncodeFrames(Tensor frames, FrameGrid grid, bool watch = false, Action? onBlock = null)
    {
        using var scope = NewDisposeScope();
        (Tensor Received, Tensor Keys)? seen = null;
        var features = Tower.Forward(Patches(frames), grid, (state, x) =>
        {
            onBlock?.Invoke();
            if (watch && state == Tower.WatchedState)
            {
                // The tower frees what is made inside it when it is through.
                var (received, keys) = Tower.Watch(x, grid);
                seen = (received.MoveToOuterDisposeScope(), keys.MoveToOuterDisposeScope());
            }
        });
        var tokens = Tower.Merge(features).MoveToOuterDisposeScope();
        return new VisionOutput(tokens, features.MoveToOuterDisposeScope(), tokens,
            seen?.Received.MoveToOuterDisposeScope(), seen?.Keys.MoveToOuterDisposeScope());
    }

    /// <summary>The mean of the patches that make up a token.</summary>
    public override Tensor Pool(Tensor perPatch, FrameGrid grid)
    {
        using var scope = NewDisposeScope();
        var s = perPatch.shape;
        return perPatch.reshape(s[0], grid.Tokens, Tower.Config.PatchesPerToken, s[2]).to(float32).mean([2]).to(perPatch.dtype)
            .MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override VideoLayout Layout(FrameGrid grid, int steps, double secondsPerStep) =>
        VideoLayout.Of(Config.Positions(steps, grid.Rows, grid.Columns, secondsPerStep));

    /// <inheritdoc/>
    protected override void Dispose(bool disposing) => _weights.Dispose();
}
