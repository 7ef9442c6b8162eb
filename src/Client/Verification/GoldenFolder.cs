using System.Text.Json;
using HieraVid.Models.Safetensors;
using HieraVid.Torch;
using static TorchSharp.torch;

namespace HieraVid.Client.Verification;

/// <summary>A folder with <c>cases.json</c> and, mostly, <c>expected.safetensors</c>: reads both and collects comparisons.</summary>
public sealed class GoldenFolder : IDisposable
{
    /// <summary>
    /// What is allowed in bfloat16 and float16 in place of the stated tolerances: the distance of all values from the expected
    /// ones, over the expected ones' length. Seen on the fixtures in bfloat16 on a CPU: 0.04 at most.
    /// </summary>
    public const double RoundedTolerance = 0.06;

    private readonly SafetensorsFile? _expected;
    private readonly HashSet<string> _used = [];
    private readonly List<GoldenResult> _results = [];

    /// <summary>Opens a folder.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="name">How results name it.</param>
    public GoldenFolder(string path, string name)
    {
        (Path, Name) = (path, name);
        using var document = JsonDocument.Parse(File.ReadAllBytes(System.IO.Path.Combine(path, "cases.json")));
        Cases = document.RootElement.Clone();
        var tensors = System.IO.Path.Combine(path, "expected.safetensors");
        _expected = File.Exists(tensors) ? SafetensorsFile.Open(tensors) : null;
    }

    /// <summary>
    /// Whether the numbers come from a type of fewer bits than the stated tolerances are for: then
    /// <see cref="RoundedTolerance"/> holds for them.
    /// </summary>
    public bool IsRounded { get; set; }

    /// <summary>The folder.</summary>
    public string Path { get; }

    /// <summary>How results name it.</summary>
    public string Name { get; }

    /// <summary>The content of <c>cases.json</c>.</summary>
    public JsonElement Cases { get; }

    /// <summary>Everything compared so far.</summary>
    public IReadOnlyList<GoldenResult> Results => _results;

    /// <summary>Whether there is an expected tensor of that name.</summary>
    public bool Has(string name) => _expected?.Tensors.ContainsKey(name) ?? false;

    /// <summary>An input of the case as a tensor on the CPU. It counts as used.</summary>
    public Tensor Input(string name)
    {
        _used.Add(name);
        return Read(name);
    }

    /// <summary>An integer input, flattened.</summary>
    public long[] Integers(string name)
    {
        using var scope = NewDisposeScope();
        return Input(name).ToArray<long>();
    }

    /// <summary>Compares a tensor with the expected one of that name, at its own tolerance.</summary>
    public void Compare(string name, Func<Tensor> compute)
    {
        if (!Has(name))
            return;
        _used.Add(name);
        var tolerance = Cases.GetProperty("tensors").GetProperty(name).GetProperty("atol").GetDouble();
        var isRounded = IsRounded && tolerance > 0;
        Check(name, isRounded ? RoundedTolerance : tolerance, () =>
        {
            using var scope = NewDisposeScope();
            using var frozen = no_grad();
            var (actual, expected) = (compute(), Read(name));
            if (actual.NumberOfElements != expected.NumberOfElements)
            {
                return (double.PositiveInfinity,
                    $"shape [{string.Join(", ", actual.shape)}], expected [{string.Join(", ", expected.shape)}]");
            }
            var difference = actual.cpu().to(float64).reshape(-1) - expected.to(float64).reshape(-1);
            if (actual.NumberOfElements == 0)
                return (0, "");
            return isRounded
                ? (Math.Sqrt(difference.pow(2).sum().item<double>() / Read(name).to(float64).pow(2).sum().item<double>()), "relative")
                : (difference.abs().max().item<double>(), "");
        });
    }

    /// <summary>Compares lists that must be equal; the error is the number of entries that differ.</summary>
    public void CompareExactly<T>(string item, IReadOnlyList<T> actual, IReadOnlyList<T> expected) => Check(item, 0, () =>
    {
        var differing = Math.Abs(actual.Count - expected.Count);
        for (var i = 0; i < Math.Min(actual.Count, expected.Count); i++)
            differing += EqualityComparer<T>.Default.Equals(actual[i], expected[i]) ? 0 : 1;
        return (differing, differing == 0 ? "" : $"[{string.Join(' ', actual.Take(24))}] expected [{string.Join(' ', expected.Take(24))}]");
    });

    /// <summary>
    /// Compares greedy choices, each made after the expected ones before it. With rounded numbers a choice may differ where the
    /// expected token comes close to the first.
    /// </summary>
    /// <param name="name">The expected ids.</param>
    /// <param name="chosen">The choices.</param>
    /// <param name="logits">What each was made from, [steps][vocabulary].</param>
    public void CompareChoices(string name, IReadOnlyList<int> chosen, IReadOnlyList<float[]> logits)
    {
        long[] expected = Integers(name);
        bool IsClose(int step) => IsRounded && logits[step].Max() - logits[step][expected[step]] <= RoundedTolerance * logits[step].Max(Math.Abs);
        CompareExactly(name, [.. chosen.Select((id, step) => IsClose(step) ? expected[step] : id)], expected);
    }

    /// <summary>Records a comparison; an exception becomes a failure with its message.</summary>
    public void Check(string item, double tolerance, Func<(double Error, string Note)> compare)
    {
        try
        {
            var (error, note) = compare();
            // Written so that a NaN fails.
            var outcome = error <= tolerance ? GoldenOutcome.Pass : GoldenOutcome.Fail;
            _results.Add(new GoldenResult(Name, item, error, tolerance, outcome, note));
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            _results.Add(new GoldenResult(Name, item, double.NaN, tolerance, GoldenOutcome.Fail, e.Message));
        }
    }

    /// <summary>Records something that nothing computes.</summary>
    public void NotCovered(string item, string why) =>
        _results.Add(new GoldenResult(Name, item, double.NaN, double.NaN, GoldenOutcome.NotCovered, why));

    /// <summary>Records every expected tensor that was neither an input nor compared.</summary>
    public void ListUncovered()
    {
        foreach (var name in _expected?.Tensors.Keys.Except(_used).Order(StringComparer.Ordinal) ?? Enumerable.Empty<string>())
            NotCovered(name, "no code computes it yet");
    }

    /// <summary>Closes the file of expected tensors.</summary>
    public void Dispose() => _expected?.Dispose();

    private Tensor Read(string name)
    {
        var file = _expected ?? throw new FileNotFoundException($"{Path} has no expected.safetensors.");
        var entry = file.Tensors[name];
        var tensor = empty(entry.Shape.ToArray(), entry.DType switch
        {
            DType.U8 => ScalarType.Byte,
            DType.I32 => ScalarType.Int32,
            DType.I64 => ScalarType.Int64,
            DType.Bool => ScalarType.Bool,
            DType.F64 => ScalarType.Float64,
            DType.BF16 => ScalarType.BFloat16,
            DType.F16 => ScalarType.Float16,
            _ => ScalarType.Float32,
        });
        if (entry.ByteCount > 0)
            file.CopyTo(entry, tensor.bytes);
        return tensor;
    }
}
