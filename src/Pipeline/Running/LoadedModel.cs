using HieraVid.Models;
using HieraVid.Models.Configuration;
using HieraVid.Models.Generation;
using HieraVid.Models.Tokenization;
using HieraVid.Pipeline.Jobs;
using HieraVid.Pruning;

namespace HieraVid.Pipeline.Running;

/// <summary>A checkpoint ready to answer: networks, tokenizer, prompt format and the values of its small files.</summary>
public sealed class LoadedModel : IDisposable
{
    private LoadedModel(string folder, string? visionTowerFolder, VideoModel network, ByteLevelTokenizer tokenizer)
    {
        (Folder, Network, Tokenizer) = (folder, network, tokenizer);
        Folders = visionTowerFolder is null ? [folder] : [folder, visionTowerFolder];
        Generation = GenerationConfig.Load(folder);
        StopTokens = [.. StopIds()];
    }

    /// <summary>The folder as it was given.</summary>
    public string Folder { get; }

    /// <summary>All folders that it was loaded from.</summary>
    public IReadOnlyList<string> Folders { get; }

    /// <summary>Tower, projector and decoder.</summary>
    public VideoModel Network { get; }

    /// <summary>The tokenizer.</summary>
    public ByteLevelTokenizer Tokenizer { get; }

    /// <summary>The checkpoint's own defaults for generation.</summary>
    public GenerationConfig Generation { get; }

    /// <summary>The prompt format.</summary>
    public ChatTemplate Template => Network.Config.Template;

    /// <summary>Tokens that end an answer.</summary>
    public IReadOnlyList<int> StopTokens { get; }

    /// <summary>What pruning methods have to know of it.</summary>
    public ModelTraits Traits =>
        new(Network.Config.Text.LayerCount, RowNewlines: Network.Config.RowNewlines);

    /// <summary>Loads everything; cheap parts first, so that a bad folder fails before the weights are read.</summary>
    /// <param name="folder">A Hugging Face folder.</param>
    /// <param name="compute">Device and precision.</param>
    /// <param name="visionTowerFolder">The original vision tower, where config.json names one that is not built in.</param>
    /// <param name="pool">Overrides config.json's pooling of a frame's tokens, where there is a choice.</param>
    /// <exception cref="ModelException">The folder cannot be used.</exception>
    public static LoadedModel Load(string folder, Compute compute, string? visionTowerFolder = null, string? pool = null)
    {
        if (File.Exists(folder))
            throw ModelException.Unsupported(folder, "a file as a model", "give the folder that holds config.json and the weights");
        if (!Directory.Exists(folder))
            throw ModelException.NotFound(folder, "give the folder of a checkpoint, or make one with: hieravid model new DIR");
        _ = ModelConfig.Load<VideoModelConfig>(folder).WithPool(pool);
        var tokenizer = ByteLevelTokenizer.Load(folder);
        var network = VideoModel.Load(folder, compute, visionTowerFolder, pool);
        try
        {
            return new LoadedModel(folder, visionTowerFolder, network, tokenizer);
        }
        catch
        {
            network.Dispose();
            throw;
        }
    }

    /// <summary>How an answer's tokens are chosen: as asked, else as the checkpoint says.</summary>
    internal SamplingOptions SamplingFor(GenerationRequest asked) => new()
    {
        MaxTokens = asked.MaxTokens,
        Temperature = asked.Temperature,
        TopP = asked.TopP,
        Seed = asked.Seed,
        RepetitionPenalty = asked.RepetitionPenalty ?? Generation.RepetitionPenalty,
        StopTokens = StopTokens,
    };

    /// <summary>Frees the weights.</summary>
    public void Dispose() => Network.Dispose();

    private IEnumerable<int> StopIds()
    {
        var ids = Generation.EosTokenIds.Concat(Network.Config.Text.EosTokenIds);
        if (Tokenizer.TryFindAdded(ChatTemplate.StopToken, out var token))
            ids = ids.Append(token.Id);
        return ids.Distinct();
    }
}
