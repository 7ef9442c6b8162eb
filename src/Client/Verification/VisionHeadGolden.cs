using System.Runtime.InteropServices;
using HieraVid.Models;
using HieraVid.Models.Configuration;
using HieraVid.Models.Safetensors;
using HieraVid.Models.Vision;
using HieraVid.Torch;
using static TorchSharp.torch;

namespace HieraVid.Client.Verification;

/// <summary>Golden values of the pooling head that FastVID puts back, with weights of the case's own.</summary>
internal static class VisionHeadGolden
{
    // The case's names, and those of a checkpoint.
    private static readonly (string Case, string Checkpoint)[] s_names =
    [
        ("post_ln.weight", "post_layernorm.weight"), ("post_ln.bias", "post_layernorm.bias"), ("probe", "head.probe"),
        ("attn.in_proj.weight", "head.attention.in_proj_weight"), ("attn.in_proj.bias", "head.attention.in_proj_bias"),
        ("attn.out_proj.weight", "head.attention.out_proj.weight"), ("attn.out_proj.bias", "head.attention.out_proj.bias"),
        ("ln.weight", "head.layernorm.weight"), ("ln.bias", "head.layernorm.bias"),
        ("fc1.weight", "head.mlp.fc1.weight"), ("fc1.bias", "head.mlp.fc1.bias"),
        ("fc2.weight", "head.mlp.fc2.weight"), ("fc2.bias", "head.mlp.fc2.bias"),
    ];

    internal static void Run(StepCase step)
    {
        if (!step.Has("head.pooled"))
            return;
        step.Compare("head.pooled", () => Forward(step, (pooled, _) => pooled));
        step.Compare("head.attention", () => Forward(step, (_, attention) => attention.mean([1])));
    }

    private static float[] Forward(StepCase step, Func<Tensor, Tensor, Tensor> result)
    {
        using var scope = NewDisposeScope();
        var folder = Directory.CreateTempSubdirectory("hieravid-head-");
        try
        {
            Write(step, Path.Combine(folder.FullName, "model.safetensors"));
            using var files = CheckpointFolder.Open(folder.FullName);
            using var weights = new Weights(files, Compute.Reference);
            var head = new SiglipHead(Config(step), weights);
            var (pooled, attention) = head.Forward(head.PostNorm(step.Tensor("in.patches")));
            return result(pooled, attention).ToArray<float>();
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static SiglipVisionConfig Config(StepCase step) => new()
    {
        HiddenSize = (int)step.Param("D"),
        IntermediateSize = (int)step.Param("mlp"),
        HeadCount = (int)step.Param("heads"),
        LayerNormEpsilon = step.Param("layer_norm_eps"),
    };

    private static void Write(StepCase step, string path)
    {
        var tensors = s_names.ToDictionary(name => name.Checkpoint, name => "in." + name.Case);
        SafetensorsWriter.Write(path,
            [.. s_names.Select(name => new TensorSpec(name.Checkpoint, DType.F32, Shape(step, name.Case)))],
            sink => sink.Write(MemoryMarshal.AsBytes<float>(step.Floats(tensors[sink.Tensor.Name]))));
    }

    private static long[] Shape(StepCase step, string name) =>
        name == "probe" ? [1, 1, .. step.Shape("in.probe")] : step.Shape("in." + name);
}
