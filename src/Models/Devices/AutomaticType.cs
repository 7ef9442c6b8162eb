using HieraVid.Torch;
using static TorchSharp.torch;

namespace HieraVid.Models.Devices;

/// <summary>The type that a model computes in on a CPU where nobody says which, and why.</summary>
/// <param name="Type">bfloat16 or float32.</param>
/// <param name="Reason">Half a sentence.</param>
public sealed record AutomaticType(ScalarType Type, string Reason)
{
    /// <summary>The value of <c>--dtype</c> that asks for it.</summary>
    public const string Name = "auto";

    // Of the memory for weights; the rest is for activations, the KV cache and others.
    private const double WeightShare = 0.6;

    /// <summary>
    /// bfloat16 where the processor is faster with it, or where float32 weights don't fit. On an Intel processor without AMX a
    /// prefill took 2.89 s in float32 and 6.20 s in bfloat16, with the same best token; on AMD's with AVX512-BF16 bfloat16 wins.
    /// </summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="values">Numbers in the model's weights.</param>
    /// <param name="memoryBytes">The machine's memory, or the container's.</param>
    public static AutomaticType For(CpuFeatures cpu, long values, long memoryBytes)
    {
        ArgumentNullException.ThrowIfNull(cpu);
        return cpu.PrefersBFloat16
            ? new AutomaticType(ScalarType.BFloat16, "this processor has instructions for bfloat16 that are faster than float32's")
            : values * sizeof(float) > WeightShare * memoryBytes
            ? new AutomaticType(ScalarType.BFloat16, "float32 weights would take too much of the memory")
            : new AutomaticType(ScalarType.Float32, "this processor is faster with float32 than with bfloat16");
    }
}
