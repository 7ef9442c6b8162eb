using System.Text.Json;
using HieraVid.Models.Safetensors;
using HieraVid.Pruning;
using HieraVid.Torch;
using static TorchSharp.torch;

namespace HieraVid.Client.Verification;

/// <summary>
/// One golden case of a baseline: parameters, input tensors and output tensors. Integers must be equal, floats within the
/// folder's tolerance.
/// </summary>
internal sealed class BaselineCase : IDisposable
{
    private readonly GoldenFolder _golden;
    private readonly JsonElement _case;
    private readonly SafetensorsFile _file;
    private readonly double _tolerance;
    private readonly HashSet<string> _compared = [];

    internal BaselineCase(GoldenFolder golden, JsonElement description)
    {
        (_golden, _case) = (golden, description);
        _file = SafetensorsFile.Open(Path.Combine(golden.Path, description.GetProperty("file").GetString()!));
        _tolerance = golden.Cases.GetProperty("tolerance").GetProperty("float_abs").GetDouble();
    }

    internal string Name => _case.GetProperty("name").GetString()!;

    internal string Variant => _case.GetProperty("variant").GetString()!;

    internal JsonElement Params => _case.GetProperty("params");

    internal double Number(string name) => Params.GetProperty(name).GetDouble();

    internal int Integer(string name) => Params.GetProperty(name).GetInt32();

    internal bool Flag(string name) => Params.GetProperty(name).GetBoolean();

    internal int[] Integers(string name) => [.. Params.GetProperty(name).EnumerateArray().Select(value => value.GetInt32())];

    internal bool Has(string input) => _file.Tensors.ContainsKey($"in.{input}");

    /// <summary>An input.</summary>
    internal Tensor In(string name) => TensorData.From<float>(Floats(name), _file.Tensors[$"in.{name}"].Shape);

    /// <summary>An input as numbers.</summary>
    internal float[] Floats(string name) => _file.ReadFloats(_file.Tensors[$"in.{name}"]);

    /// <summary>The input "features" in chunks of a few frames, with a signal where there is one.</summary>
    internal List<TokenChunk> Chunks(VisionSignal? signal = null, string? name = null, int size = 3)
    {
        var tokens = In("features");
        var values = name is null ? null : In(name);
        var chunks = new List<TokenChunk>();
        for (var first = 0; first < tokens.shape[0]; first += size)
        {
            var count = Math.Min(size, tokens.shape[0] - first);
            chunks.Add(new TokenChunk(first, tokens.narrow(0, first, count), first == 0 ? null : tokens.select(0, first - 1))
            {
                Signals = values is null ? [] : new Dictionary<VisionSignal, Tensor> { [signal!.Value] = values.narrow(0, first, count) },
            });
        }
        return chunks;
    }

    /// <summary>Compares integers.</summary>
    internal void Compare(string output, Func<IEnumerable<int>> compute) =>
        Compare(output, () => compute().Select(value => (double)value).ToArray());

    /// <summary>Compares integers of up to 53 bits.</summary>
    internal void CompareLong(string output, Func<IEnumerable<long>> compute) =>
        Compare(output, () => compute().Select(value => (double)value).ToArray());

    /// <summary>Compares floats.</summary>
    internal void Compare(string output, Func<float[]> compute) =>
        Compare(output, () => Array.ConvertAll(compute(), value => (double)value));

    /// <summary>Compares a tensor.</summary>
    internal void CompareTensor(string output, Func<Tensor> compute) => Compare(output, () => compute().ToArray<float>());

    /// <summary>Records every output that nothing compared.</summary>
    internal void ListUncompared()
    {
        foreach (var output in _case.GetProperty("outputs").EnumerateObject().Where(output => !_compared.Contains(output.Name)))
            _golden.NotCovered($"{Name}/{output.Name}", "no code computes it yet");
    }

    public void Dispose() => _file.Dispose();

    private void Compare(string output, Func<double[]> compute)
    {
        if (!_file.Tensors.TryGetValue($"out.{output}", out var entry))
            return;
        _compared.Add(output);
        var isFloat = entry.DType == DType.F32;
        _golden.Check($"{Name}/{output}", isFloat ? _tolerance : 0, () =>
        {
            using var scope = NewDisposeScope();
            using var frozen = no_grad();
            var actual = compute();
            double[] expected = entry.DType switch
            {
                DType.I64 => Array.ConvertAll(_file.Read<long>(entry), value => (double)value),
                DType.U8 => Array.ConvertAll(_file.Read<byte>(entry), value => (double)value),
                _ => Array.ConvertAll(_file.ReadFloats(entry), value => (double)value),
            };
            if (actual.Length != expected.Length)
                return (double.PositiveInfinity, $"{actual.Length} values, expected {expected.Length}");
            var errors = actual.Zip(expected, (x, y) => isFloat ? Math.Abs(x - y) : x.Equals(y) ? 0 : 1).ToList();
            var first = errors.FindIndex(error => error > 0);
            return (isFloat ? errors.DefaultIfEmpty(0).Max() : errors.Sum(),
                first < 0 ? "" : $"first difference at {first}: {actual[first]}, expected {expected[first]}");
        });
    }
}
