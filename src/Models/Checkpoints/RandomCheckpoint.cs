using HieraVid.Models.Configuration;
using HieraVid.Models.Safetensors;
using HieraVid.Models.Tokenization;

namespace HieraVid.Models.Checkpoints;

/// <summary>
/// Writes checkpoints with random weights, in the layout and naming of the published ones: what tests,
/// benchmarks and a first run need where the real weights cannot be had.
/// </summary>
public static class RandomCheckpoint
{
    private const long MaxShardBytes = 4L << 30;

    /// <summary>Writes a checkpoint in bfloat16. Memory stays at a few megabytes, whatever the preset.</summary>
    /// <param name="folder">A folder that does not exist yet or is empty. It appears whole or not at all.</param>
    /// <param name="preset">The dimensions.</param>
    /// <param name="seed">The same seed and preset give the same bytes.</param>
    /// <param name="progress">Is told the share of the bytes that was written, 0 to 1.</param>
    /// <param name="cancellation">Ends the writing and leaves nothing behind.</param>
    /// <exception cref="ModelException">The folder has something in it, or a file cannot be written.</exception>
    /// <exception cref="OperationCanceledException">The writing was cancelled.</exception>
    public static void Create(
        string folder, CheckpointPreset preset, int seed, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        var target = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        if (File.Exists(target) || (Directory.Exists(target) && Directory.EnumerateFileSystemEntries(target).Any()))
            throw ModelException.Occupied(folder);
        // Everything grows in a folder beside the target, so that the rename at the end is atomic.
        var temporary = $"{target}.{Guid.NewGuid():N}.tmp";
        var tensors = preset.Config.Tensors(DType.BF16);
        var totalBytes = tensors.Sum(tensor => tensor.ByteCount);
        try
        {
            Directory.CreateDirectory(temporary);
            WriteTexts(temporary, preset);
            WriteWeights(temporary, preset.Config, tensors, totalBytes, seed, progress, cancellation);
            if (Directory.Exists(target))
                Directory.Delete(target);
            Directory.Move(temporary, target);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            Discard(temporary);
            throw ModelException.Unwritable(folder, totalBytes, error);
        }
        catch (ModelException error) when (error.InnerException is IOException or UnauthorizedAccessException)
        {
            // It names a file of the temporary folder, which means nothing to the user.
            Discard(temporary);
            throw ModelException.Unwritable(folder, totalBytes, error.InnerException);
        }
        catch
        {
            Discard(temporary);
            throw;
        }
    }

    private static void WriteTexts(string folder, CheckpointPreset preset)
    {
        var (config, first) = (preset.Config, preset.FirstControlToken);
        var generation = new GenerationConfig
        {
            EosTokenIds = [first + 2, first],
            RepetitionPenalty = preset.RepetitionPenalty,
        };
        File.WriteAllText(Path.Combine(folder, ModelConfig.FileName), config.ToJson());
        File.WriteAllText(Path.Combine(folder, GenerationConfig.FileName), generation.ToJson());
        foreach (var (path, text) in config.SmallFiles())
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(folder, path))!);
            File.WriteAllText(Path.Combine(folder, path), text);
        }
        TokenizerFiles.Write(folder, RandomVocabulary.Merges, TokenizerFiles.ControlTokens(first, config.ControlTokens));
    }

    private static void WriteWeights(
        string folder, VideoModelConfig config, IReadOnlyList<TensorSpec> tensors, long totalBytes, int seed,
        IProgress<double>? progress, CancellationToken cancellation)
    {
        var (towerDepth, decoderDepth) = (config.Outline(null).TowerLayers, config.Text.LayerCount);
        var writtenBytes = 0L;
        ShardWriter.Write(folder, tensors, sink =>
        {
            var depth = config.PartOf(sink.Tensor.Name, null) == ModelPart.Tower ? towerDepth : decoderDepth;
            RandomTensor.Write(sink, seed, depth, cancellation);
            writtenBytes += sink.Tensor.ByteCount;
            progress?.Report((double)writtenBytes / totalBytes);
        }, MaxShardBytes, new Dictionary<string, string> { ["format"] = "pt" });
    }

    private static void Discard(string folder)
    {
        if (Directory.Exists(folder))
            Directory.Delete(folder, recursive: true);
    }
}
