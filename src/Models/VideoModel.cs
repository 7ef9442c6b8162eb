using HieraVid.Models.Configuration;
using HieraVid.Models.Qwen2;
using HieraVid.Models.Vision;
using static TorchSharp.torch;

namespace HieraVid.Models;

/// <summary>A loaded network that answers questions about video. One class per family; config.json decides which.</summary>
public abstract class VideoModel : IDisposable
{
    /// <summary>The configuration as it is in the files.</summary>
    public abstract VideoModelConfig Config { get; }

    /// <summary>Device and precision.</summary>
    public abstract Compute Compute { get; }

    /// <summary>The decoder.</summary>
    public abstract Qwen2Decoder Decoder { get; }

    /// <summary>All its weights.</summary>
    protected abstract Weights Weights { get; }

    /// <summary>Bytes of all weights as loaded.</summary>
    public long WeightBytes => Weights.LoadedBytes;

    /// <summary>The same, by kind of device.</summary>
    public IReadOnlyDictionary<TorchSharp.DeviceType, long> WeightBytesByDevice => Weights.LoadedBytesByDevice;

    /// <summary>The filter by which frames are resized.</summary>
    public abstract ResampleFilter Resample { get; }

    /// <summary>The tower's pooling head, where there is one.</summary>
    public virtual SiglipHead? VisionHead => null;

    /// <summary>Attention heads of the tower.</summary>
    public abstract int VisionHeadCount { get; }

    /// <summary>The newline token, [hidden]; null where the model has none.</summary>
    protected virtual Tensor? Newline => null;

    /// <summary>Pixels and tokens of the frames of one video.</summary>
    /// <param name="width">The video's width in pixels.</param>
    /// <param name="height">Its height.</param>
    /// <param name="frames">Sampled frames.</param>
    /// <exception cref="ModelException">The model takes no pictures of this shape.</exception>
    public abstract FrameGrid Grid(int width, int height, int frames);

    /// <summary>Frames to tokens.</summary>
    /// <param name="frames">[f, height, width, 3] uint8 RGB, resized; f is even where pairs are merged, or the video ends.</param>
    /// <param name="grid">The grid of the whole video.</param>
    /// <param name="watch">Whether the last layer's attention and keys are asked for.</param>
    /// <param name="onBlock">Called before each layer of the tower; may throw to end the work.</param>
    public abstract VisionOutput EncodeFrames(Tensor frames, FrameGrid grid, bool watch = false, Action? onBlock = null);

    /// <summary>Pools values per patch as the tokens are pooled.</summary>
    /// <param name="perPatch">[f, patches, any width].</param>
    /// <param name="grid">The grid of the whole video.</param>
    /// <returns>[f, P, the same width].</returns>
    public abstract Tensor Pool(Tensor perPatch, FrameGrid grid);

    /// <summary>Where the tokens of a whole video stand in the prompt.</summary>
    /// <param name="grid">The grid.</param>
    /// <param name="steps">Grids of tokens.</param>
    /// <param name="secondsPerStep">Seconds from one grid to the next; only some models' positions depend on it.</param>
    public abstract VideoLayout Layout(FrameGrid grid, int steps, double secondsPerStep);

    /// <summary>Loads a checkpoint folder of any supported architecture.</summary>
    /// <param name="folder">A Hugging Face folder.</param>
    /// <param name="compute">Device and precision.</param>
    /// <param name="visionTowerFolder">The original tower, where config.json only names one that is not built in.</param>
    /// <param name="pool">Overrides config.json's pooling of a frame's tokens, as published evaluations of LLaVA-Video do.</param>
    /// <exception cref="ModelException">The folder cannot be used; the message says why.</exception>
    public static VideoModel Load(string folder, Compute compute, string? visionTowerFolder = null, string? pool = null) =>
        ModelConfig.Load<VideoModelConfig>(folder).WithPool(pool).Open(folder, compute, visionTowerFolder);

    /// <summary>Puts the newline tokens among visual tokens.</summary>
    /// <param name="visual">[n, hidden].</param>
    /// <param name="origins">Their token indices, [n].</param>
    /// <param name="layout">The whole video's layout.</param>
    /// <param name="stay">Which newline tokens stay.</param>
    /// <param name="renumbered">Whether positions follow each other as if nothing had been dropped.</param>
    public VideoSequence Sequence(
        Tensor visual, IReadOnlyList<int> origins, VideoLayout layout, NewlineStay stay = NewlineStay.All, bool renumbered = false) =>
        VideoSequence.Build(visual, origins, Newline, layout, stay, renumbered);

    /// <summary>The prompt's embeddings with the video in the placeholder's place.</summary>
    /// <param name="before">Ids before the video.</param>
    /// <param name="video">[V, hidden].</param>
    /// <param name="after">Ids after it.</param>
    /// <returns>[T, hidden].</returns>
    public Tensor Splice(ReadOnlySpan<long> before, Tensor video, ReadOnlySpan<long> after)
    {
        using var scope = NewDisposeScope();
        return cat([Decoder.Embed(before), video.to(Decoder.InputDevice), Decoder.Embed(after)], 0).MoveToOuterDisposeScope();
    }

    /// <summary>Frees the weights.</summary>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Frees the weights.</summary>
    protected abstract void Dispose(bool disposing);
}
