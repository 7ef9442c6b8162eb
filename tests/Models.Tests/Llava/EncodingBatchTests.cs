using System.Runtime.InteropServices;
using HieraVid.Models.Checkpoints;
using HieraVid.Models.Configuration;
using HieraVid.Models.Llava;
using HieraVid.Torch;
using static TorchSharp.torch;

namespace HieraVid.Models.Tests;

/// <summary>
/// A frame's tokens must not depend on the frames that share its pass: else the cutting into chunks would show.
/// </summary>
public class EncodingBatchTests
{
    // The real tower's widths, where products are cut into blocks and shared between threads in other ways than in tiny ones.
    private static readonly CheckpointPreset s_wide = CheckpointPreset.Tiny with
    {
        Config = (LlavaConfig)CheckpointPreset.Tiny.Config with
        {
            Vision = SiglipVisionConfig.So400M with { LayerCount = 1 },
            Text = CheckpointPreset.Tiny.Config.Text with { HiddenSize = 896, HeadCount = 14, LayerCount = 1 },
        },
    };

    [Theory]
    [InlineData(false, "f32")]
    [InlineData(false, "bf16")]
    [InlineData(true, "f32")]
    [InlineData(true, "bf16")]
    public void The_tokens_of_a_frame_are_the_same_bits_in_any_batch(bool wide, string type)
    {
        using var folder = new TemporaryFolder();
        RandomCheckpoint.Create(folder.File("model"), wide ? s_wide : CheckpointPreset.Tiny, 1);
        using var model = LlavaModel.Load(folder.File("model"), Compute.Parse("cpu", type));
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var random = new Random(5);
        var pixels = new byte[4 * 384 * 384 * 3];
        random.NextBytes(pixels);
        var frames = TensorData.From<byte>(pixels, 4, 384, 384, 3);
        int[] Encode(int first, int count)
        {
            using var inner = NewDisposeScope();
            var patches = model.Patches(frames.narrow(0, first, count), [0.5f, 0.5f, 0.5f], [0.5f, 0.5f, 0.5f]);
            return [.. MemoryMarshal.Cast<float, int>(model.Encode(patches).to(float32).ToArray<float>())];
        }
        var whole = Encode(0, 4);
        var each = whole.Length / 4;
        foreach (var (first, count) in new[] { (0, 1), (3, 1), (1, 3) })
            Assert.True(whole.AsSpan(first * each, count * each).SequenceEqual(Encode(first, count)), $"frames {first}+{count}");
    }
}
