using System.Runtime.InteropServices;
using System.Text.Json;
using HieraVid.Pruning.Dpp;
using HieraVid.Torch;

namespace HieraVid.Pruning.Tests.Dpp;

/// <summary>One golden case of the segment DPP (tests/fixtures/hieravid): a safetensors file of inputs and expected picks.</summary>
internal sealed class DppFixture
{
    private readonly Dictionary<string, (string Type, long[] Shape, byte[] Data)> _tensors = [];

    internal DppFixture(string name)
    {
        var bytes = File.ReadAllBytes(Path.Combine(Root(), "tests", "fixtures", "hieravid", name + ".safetensors"));
        var length = (int)BitConverter.ToInt64(bytes);
        using var header = JsonDocument.Parse(bytes.AsMemory(8, length));
        foreach (var tensor in header.RootElement.EnumerateObject().Where(t => t.Name != "__metadata__"))
        {
            var shape = tensor.Value.GetProperty("shape").EnumerateArray().Select(size => size.GetInt64()).ToArray();
            var range = tensor.Value.GetProperty("data_offsets").EnumerateArray().Select(at => at.GetInt32() + 8 + length).ToArray();
            _tensors[tensor.Name] = (tensor.Value.GetProperty("dtype").GetString()!, shape, bytes[range[0]..range[1]]);
        }
    }

    internal bool Has(string name) => _tensors.ContainsKey(name);

    internal float[] Floats(string name) => MemoryMarshal.Cast<byte, float>(_tensors[name].Data).ToArray();

    internal int[] Integers(string name) =>
        [.. MemoryMarshal.Cast<byte, long>(_tensors[name].Data).ToArray().Select(value => (int)value)];

    internal TorchSharp.torch.Tensor Features =>
        TensorData.From<float>(Floats("in.features"), _tensors["in.features"].Shape);

    /// <summary>Min-max of the negated attention, 1e-6 in the numerator only.</summary>
    internal float[] Relevance()
    {
        var negated = Floats("in.attn_mean").Select(a => -a).ToArray();
        var (least, most) = (negated.Min(), negated.Max());
        return [.. negated.Select(a => (a - least + 1e-6f) / (most - least))];
    }

    /// <summary>The segments in ascending order of their ids; one of all tokens if the case names none.</summary>
    internal List<DppSegment> Segments()
    {
        var count = (int)_tensors["in.features"].Shape[0];
        var ids = Has("in.segment") ? Integers("in.segment") : new int[count];
        var retain = Has("in.retain") ? Integers("in.retain") : [Integers("h.selected").Length];
        return [.. Enumerable.Range(0, count).GroupBy(i => ids[i]).OrderBy(group => group.Key)
            .Select((group, s) => new DppSegment([.. group], retain[s]))];
    }

    private static string Root()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "HieraVid.sln")))
                return folder.FullName;
        throw new InvalidOperationException($"No HieraVid.sln above {AppContext.BaseDirectory}.");
    }
}
