using HieraVid.Models.Configuration;
using HieraVid.Models.Llava;
using HieraVid.Models.Safetensors;
using HieraVid.Models.Tokenization;
using HieraVid.Train.Network;
using static TorchSharp.torch;

namespace HieraVid.Train;

/// <summary>Writes a trained model as the product loads it.</summary>
internal static class Exporter
{
    /// <summary>Writes the small files: configuration, preprocessing, tokenizer.</summary>
    internal static void WriteTexts(string folder, LlavaConfig config, IReadOnlyList<(string Left, string Right)> merges)
    {
        Directory.CreateDirectory(folder);
        var first = 256 + merges.Count;
        File.WriteAllText(Path.Combine(folder, ModelConfig.FileName), config.ToJson());
        File.WriteAllText(Path.Combine(folder, GenerationConfig.FileName),
            new GenerationConfig { EosTokenIds = [first + 2, first] }.ToJson());
        File.WriteAllText(Path.Combine(folder, PreprocessorConfig.FileName), PreprocessorConfig.For(config.ResolveVision()).ToJson());
        TokenizerFiles.Write(folder, merges, TokenizerFiles.Qwen2Tokens(first, placeholders: true));
    }

    /// <summary>Writes the weights in bfloat16, without what only training uses.</summary>
    internal static void WriteWeights(string folder, LlavaConfig config, ParameterSet parameters)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        ShardWriter.Write(folder, LlavaTensors.List(config, DType.BF16), sink =>
        {
            using var inner = NewDisposeScope();
            sink.Write(parameters.Part(parameters.Master, sink.Tensor.Name).cpu().to(bfloat16).contiguous().bytes);
        }, long.MaxValue, new Dictionary<string, string> { ["format"] = "pt" });
    }
}
