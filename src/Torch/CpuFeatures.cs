using System.Runtime.Intrinsics.X86;

namespace HieraVid.Torch;

/// <summary>What a processor has for products of bfloat16.</summary>
/// <param name="Vendor">Its maker's name as it tells it, such as "AuthenticAMD"; empty where it tells none.</param>
/// <param name="HasBFloat16">Dot products of bfloat16 pairs (AVX512-BF16).</param>
/// <param name="HasTiles">Products of bfloat16 tiles (AMX).</param>
public sealed record CpuFeatures(string Vendor, bool HasBFloat16, bool HasTiles)
{
    /// <summary>This machine's.</summary>
    public static CpuFeatures Here { get; } = Read();

    /// <summary>Whether products of bfloat16 are faster than float32's: half as fast on Intel without AMX, twice on AMD with AVX512-BF16.</summary>
    public bool PrefersBFloat16 => HasTiles || IsAmdWithBFloat16;

    /// <summary>
    /// Whether this is AMD's, with AVX512-BF16: libtorch's oneDNN uses it, its MKL knows no AMD and is slow there. Attention over
    /// 6,304 tokens took 1,160 ms by libtorch's own, which is made of MKL's products, and 540 in blocks (14 heads, 2 cores, Zen 5).
    /// </summary>
    public bool IsAmdWithBFloat16 => HasBFloat16 && Vendor == "AuthenticAMD";

    // CPUID leaf 7: subleaf 0, EDX bit 22 is AMX-BF16; subleaf 1, EAX bit 5 is AVX512-BF16.
    private static CpuFeatures Read()
    {
        if (!X86Base.IsSupported)
            return new CpuFeatures("", false, false);
        var (most, b, c, d) = X86Base.CpuId(0, 0);
        Span<int> name = [b, d, c];
        var vendor = System.Text.Encoding.ASCII.GetString(System.Runtime.InteropServices.MemoryMarshal.AsBytes(name));
        return most < 7 ? new CpuFeatures(vendor, false, false)
            : new CpuFeatures(vendor, (X86Base.CpuId(7, 1).Eax & (1 << 5)) != 0, (X86Base.CpuId(7, 0).Edx & (1 << 22)) != 0);
    }
}
