using System.Text.Json;
using HieraVid.Models.Safetensors;
using HieraVid.Torch;
using static TorchSharp.torch;

namespace HieraVid.Client.Verification;

/// <summary>
/// One golden case of a pruning method: a safetensors file with the inputs and outputs of its steps, each output with
/// the way in which it is to be compared. A step reads the outputs of earlier steps from the file, so one broken step
/// fails alone.
/// </summary>
internal sealed class StepCase : IDisposable
{
    private readonly GoldenFolder _golden;
    private readonly SafetensorsFile _file;
    private readonly JsonElement _case;
    private readonly HashSet<string> _compared = [];

    internal StepCase(GoldenFolder golden, JsonElement description)
    {
        (_golden, _case) = (golden, description);
        _file = SafetensorsFile.Open(Path.Combine(golden.Path, description.GetProperty("file").GetString()!));
    }

    /// <summary>The case's name.</summary>
    internal string Id => _case.GetProperty("id").GetString()!;

    /// <summary>Its parameters.</summary>
    internal JsonElement Params => _case.GetProperty("params");

    /// <summary>Names of all tensors.</summary>
    internal IEnumerable<string> Names => _case.GetProperty("tensors").EnumerateObject().Select(tensor => tensor.Name);

    internal bool Has(string name) => _file.Tensors.ContainsKey(name);

    internal long[] Shape(string name) => _file.Tensors[name].Shape;

    internal float[] Floats(string name) => _file.ReadFloats(_file.Tensors[name]);

    internal int[] Integers(string name) => [.. Numbers(name).Select(value => (int)value)];

    internal Tensor Tensor(string name) => TensorData.From<float>(Floats(name), Shape(name));

    internal double Param(string name) => Params.GetProperty(name).GetDouble();

    /// <summary>Compares integers, if the case has that output. Outputs that are sets may be sets of rows.</summary>
    internal void Compare(string name, Func<IEnumerable<int>> compute, int rowLength = 1) =>
        Compare(name, () => compute().Select(value => (double)value).ToArray(), rowLength);

    /// <summary>Compares floats, if the case has that output.</summary>
    internal void Compare(string name, Func<float[]> compute) =>
        Compare(name, () => Array.ConvertAll(compute(), value => (double)value));

    /// <summary>Records every output that nothing compared, and says which of them only inform.</summary>
    internal void ListUncompared()
    {
        foreach (var tensor in _case.GetProperty("tensors").EnumerateObject())
        {
            if (tensor.Value.GetProperty("role").GetString() != "out" || _compared.Contains(tensor.Name))
                continue;
            var informs = tensor.Value.GetProperty("compare").GetProperty("mode").GetString() == "info";
            _golden.NotCovered($"{Id}/{tensor.Name}", informs
                ? $"info, not a test: {tensor.Value.GetProperty("meaning").GetString()}"
                : "no code computes it yet");
        }
    }

    public void Dispose() => _file.Dispose();

    private void Compare(string name, Func<double[]> compute, int rowLength = 1)
    {
        if (!Has(name))
            return;
        _compared.Add(name);
        var rule = _case.GetProperty("tensors").GetProperty(name).GetProperty("compare");
        var mode = rule.GetProperty("mode").GetString();
        var absolute = Number(rule, mode == "rel" ? "atol" : "tol");
        var relative = Number(rule, "rtol");
        // Relative comparisons report the error in units of what is allowed.
        _golden.Check($"{Id}/{name}", mode switch { "abs" => absolute, "rel" => 1, _ => 0 }, () =>
        {
            using var scope = NewDisposeScope();
            using var frozen = no_grad();
            var (actual, expected) = (compute(), Numbers(name));
            if (actual.Length != expected.Length)
                return (double.PositiveInfinity, $"{actual.Length} values, expected {expected.Length}");
            if (mode == "set")
            {
                actual = Sorted(actual, rowLength);
                expected = Sorted(expected, rowLength);
            }
            var errors = actual.Zip(expected, (x, y) => mode switch
            {
                "abs" => Distance(x, y),
                "rel" => Distance(x, y) / (absolute + relative * Math.Abs(y)),
                "exact" or "set" => x.Equals(y) ? 0 : 1,
                _ => throw new JsonException($"unknown compare mode {mode}"),
            }).ToList();
            var worst = mode is "abs" or "rel" ? errors.DefaultIfEmpty(0).Max() : errors.Sum();
            var first = errors.FindIndex(error => error > 0);
            var note = first < 0 ? "" : $"first difference at {first}: {actual[first]}, expected {expected[first]}";
            return (errors.Exists(double.IsNaN) ? double.NaN : worst, note);
        });
    }

    private static double[] Sorted(double[] values, int rowLength) =>
    [
        .. values.Chunk(rowLength).Order(Comparer<double[]>.Create((x, y) => x.AsSpan().SequenceCompareTo(y)))
            .SelectMany(row => row),
    ];

    private double[] Numbers(string name)
    {
        var entry = _file.Tensors[name];
        return entry.DType switch
        {
            DType.I64 => Array.ConvertAll(_file.Read<long>(entry), value => (double)value),
            DType.I32 => Array.ConvertAll(_file.Read<int>(entry), value => (double)value),
            _ => Array.ConvertAll(_file.ReadFloats(entry), value => (double)value),
        };
    }

    // NaN equals NaN, and an infinity itself.
    private static double Distance(double x, double y) => x.Equals(y) ? 0 : Math.Abs(x - y);

    private static double Number(JsonElement rule, string name) =>
        rule.TryGetProperty(name, out var value) ? value.GetDouble() : 0;
}
