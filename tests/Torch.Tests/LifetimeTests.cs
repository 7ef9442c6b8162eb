using System.Globalization;
using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace HieraVid.Torch.Tests;

/// <summary>Counts tensors of the whole process, so nothing else may run beside it.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public class Alone;

[Collection(nameof(Alone))]
public class LifetimeTests
{
    [Fact]
    public void A_thousand_forward_passes_leave_native_memory_flat()
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var (w, wide, narrow) = (randn([64, 64]), randn([256, 64]), randn([64, 256]));
        var norm = full([64], 1, float32);
        var x = randn([96, 64]);
        void Pass()
        {
            using var inner = NewDisposeScope();
            var h = Activations.RmsNorm(x, norm, 1e-6);
            var heads = nn.functional.linear(h, w).view(96, 4, 16).transpose(0, 1).unsqueeze(0);
            var mixed = Attention.Forward(heads, heads, heads, causal: true, 0.25);
            var y = x + mixed.squeeze(0).transpose(0, 1).reshape(96, 64);
            var up = nn.functional.linear(y, wide);
            _ = nn.functional.linear(Activations.SwiGlu(up, Activations.GeluTanh(up)), narrow) + y;
        }
        for (var i = 0; i < 300; i++)
            Pass();
        var (tensors, resident) = (Tensor.TotalCount, Resident());
        for (var i = 0; i < 1000; i++)
            Pass();
        Assert.InRange(Tensor.TotalCount, 0, tensors); // finalizers may free more
        // One leaked activation of 24 KB per pass would be 24 MB.
        Assert.InRange(Resident() - resident, long.MinValue, 18 << 20);
    }

    [Fact]
    public void Errors_are_one_line_with_the_operation_and_the_shapes()
    {
        using var scope = NewDisposeScope();
        var (a, b) = (full([2, 3], 1, float32), full([5, 7], 1, float32));
        Assert.Equal("mm: mat1 and mat2 shapes cannot be multiplied (2x3 and 5x7)",
            TensorError.Describe(Assert.ThrowsAny<ExternalException>(() => a.mm(b))));
        Assert.Equal("RMS norm does not fit Float32[2, 3], Float32[5, 7]",
            TensorError.Describe(Assert.Throws<ArgumentException>(() => Activations.RmsNorm(a, b, 1e-6))));
    }

    [Fact]
    public void A_scope_frees_what_was_made_in_it()
    {
        Tensor kept, detached, freed, inner;
        using (NewDisposeScope())
        {
            using (NewDisposeScope())
            {
                freed = full([4], 1, float32);
                kept = full([4], 2, float32).MoveToOuterDisposeScope();
                detached = full([4], 3, float32).DetachFromDisposeScope();
                using (NewDisposeScope())
                    inner = full([4], 4, float32).MoveToOuterDisposeScope();
                Assert.False(inner.IsInvalid);
            }
            Assert.True(freed.IsInvalid);
            Assert.True(inner.IsInvalid);
            Assert.False(kept.IsInvalid);
        }
        Assert.True(kept.IsInvalid);
        Assert.Equal([3f, 3f, 3f, 3f], detached.ToArray<float>());
        detached.Dispose();
        Assert.True(detached.IsInvalid);
    }

    // Managed garbage is not what this is about.
    private static long Resident()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        var line = File.ReadLines("/proc/self/status").First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
        return 1024 * long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture);
    }
}
