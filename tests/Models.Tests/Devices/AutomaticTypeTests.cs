using HieraVid.Models.Devices;
using HieraVid.Torch;
using static TorchSharp.torch;

namespace HieraVid.Models.Tests.Devices;

public class AutomaticTypeTests
{
    private const long Gibi = 1L << 30;

    [Theory]
    [InlineData("AuthenticAMD", true, false, 16, ScalarType.BFloat16, "instructions for bfloat16")]
    [InlineData("GenuineIntel", true, true, 16, ScalarType.BFloat16, "instructions for bfloat16")]
    [InlineData("GenuineIntel", true, false, 16, ScalarType.Float32, "faster with float32")]
    [InlineData("GenuineIntel", false, false, 16, ScalarType.Float32, "faster with float32")]
    [InlineData("GenuineIntel", false, false, 4, ScalarType.BFloat16, "too much of the memory")]
    [InlineData("", false, false, 16, ScalarType.Float32, "faster with float32")]
    public void The_processor_and_the_memory_choose(string vendor, bool products, bool tiles, long gibi, ScalarType type, string why)
    {
        var chosen = AutomaticType.For(new CpuFeatures(vendor, products, tiles), Gibi, gibi * Gibi);
        Assert.Equal(type, chosen.Type);
        Assert.Contains(why, chosen.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_asked_for_is_no_matter_of_choice()
    {
        Assert.False(Compute.Parse("cpu", "f32").IsAutomatic);
        Assert.True(Compute.Parse("cpu", "auto").IsAutomatic);
    }

    [Fact]
    public void This_processor_has_a_maker() =>
        Assert.Equal(System.Runtime.Intrinsics.X86.X86Base.IsSupported, CpuFeatures.Here.Vendor.Length == 12);
}
