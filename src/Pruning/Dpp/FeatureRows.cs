using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace HieraVid.Pruning.Dpp;

/// <summary>The rows of a tensor of features, read in the type they have: a float32 copy of bfloat16 would be for nothing.</summary>
internal sealed unsafe class FeatureRows
{
    private readonly Tensor _rows;
    private readonly byte* _data;

    /// <summary>Takes features of any float type on any device.</summary>
    /// <param name="features">[n, D]. What is made of them belongs to the caller's dispose scope.</param>
    internal FeatureRows(Tensor features)
    {
        Dimension = (int)features.shape[1];
        // Selection is a chain of k dependent decisions of little work each, and its products must not depend on how a library
        // cuts them: features on another device come to the CPU (54 MB for 3,785 tokens). A batched GPU version is not
        // written: there was none to prove it on.
        _rows = (features.dtype == ScalarType.BFloat16 ? features : features.to(ScalarType.Float32)).cpu().contiguous();
        // A span ends at 2 GiB, the rows need not: only the address of the first one is taken from it.
        if (_rows.shape[0] > 0 && Dimension > 0)
            _data = (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(_rows.narrow(0, 0, 1).bytes));
    }

    /// <summary>D.</summary>
    internal int Dimension { get; }

    /// <summary>Writes v = relevance·x/‖x‖, padded with zeros to whole vectors.</summary>
    /// <returns>False for a feature without a direction: zero, or not finite.</returns>
    internal bool WriteUnit(int row, float relevance, float* to)
    {
        var padded = Padding.ToVectors(Dimension);
        if (_rows.dtype != ScalarType.BFloat16)
            return UnitRows.Write((float*)_data + (long)row * Dimension, Dimension, relevance, to, padded);
        UnitRows.Widen((ushort*)_data + (long)row * Dimension, Dimension, to);
        return UnitRows.Write(to, Dimension, relevance, to, padded);
    }
}
