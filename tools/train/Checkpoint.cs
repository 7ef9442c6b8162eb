using System.Globalization;
using System.Runtime.InteropServices;
using HieraVid.Models.Safetensors;
using HieraVid.Torch;
using HieraVid.Train.Network;
using HieraVid.Train.Optimization;
using static TorchSharp.torch;

namespace HieraVid.Train;

/// <summary>The state of a training in one file: weights in float32, the optimizer's means, the step.</summary>
internal static class Checkpoint
{
    internal const string FileName = "state.safetensors";

    internal static void Save(string folder, ParameterSet parameters, AdamW optimizer, long step)
    {
        var vectors = new Dictionary<string, Tensor>
        {
            ["master"] = parameters.Master,
            ["mean"] = optimizer.Mean,
            ["square"] = optimizer.Square,
        };
        var specs = vectors.Select(vector => new TensorSpec(vector.Key, DType.F32, vector.Value.shape)).ToList();
        SafetensorsWriter.Write(
            Path.Combine(folder, FileName), specs,
            sink => sink.Write(MemoryMarshal.AsBytes(vectors[sink.Tensor.Name].ToArray<float>().AsSpan())),
            new Dictionary<string, string> { ["step"] = step.ToString(CultureInfo.InvariantCulture) });
    }

    /// <summary>Begins with the weights of a model that an earlier training exported; what it lacks stays as it is.</summary>
    /// <exception cref="InvalidDataException">A tensor of the model has no place here, or another shape.</exception>
    internal static void Begin(string model, ParameterSet parameters)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        using var file = SafetensorsFile.Open(Path.Combine(model, "model.safetensors"));
        var places = parameters.Tensors.ToDictionary(spec => spec.Name);
        foreach (var (name, entry) in file.Tensors)
        {
            if (!places.TryGetValue(name, out var spec) || !spec.Shape.SequenceEqual(entry.Shape))
                throw new InvalidDataException($"{model} is another model: its {name} has no place in the one that is trained.");
            var values = file.ReadFloats(entry);
            parameters.Part(parameters.Master, name).copy_(TensorData.From<float>(values, spec.Shape));
        }
        parameters.Refresh();
    }

    /// <summary>The step to go on with; 0 where there is no state yet. A folder without optimizer's means starts them anew.</summary>
    internal static long Load(string folder, ParameterSet parameters, AdamW? optimizer)
    {
        var path = Path.Combine(folder, FileName);
        if (!File.Exists(path))
            return 0;
        using var scope = NewDisposeScope();
        using var off = no_grad();
        using var file = SafetensorsFile.Open(path);
        void Fill(string name, Tensor vector)
        {
            var values = file.ReadFloats(file.Tensors[name]);
            vector.copy_(TensorData.From<float>(values, values.Length));
        }
        Fill("master", parameters.Master);
        parameters.Refresh();
        if (optimizer is not null)
        {
            Fill("mean", optimizer.Mean);
            Fill("square", optimizer.Square);
        }
        return long.Parse(file.Metadata["step"], CultureInfo.InvariantCulture);
    }
}
