using System.Text.Json;

namespace HieraVid.Video.Tests;

public sealed class ResizeTests
{
    private static readonly JsonElement Cases =
        JsonDocument.Parse(File.ReadAllText(Repository.Fixture("preprocess/cases.json"))).RootElement;

    private static readonly Tensors Expected = new(Repository.Fixture("preprocess/expected.safetensors"));

    [Fact]
    public void Resized_pictures_equal_the_reference_byte_for_byte()
    {
        foreach (var c in Siglip())
        {
            string name = c.GetProperty("resized_u8").GetString()!;
            Assert.Equal(Expected.Bytes(name, out _), Resized(c));
        }
    }

    [Fact]
    public void Normalized_pictures_equal_the_reference_within_its_tolerance()
    {
        foreach (var c in Siglip())
        {
            string name = c.GetProperty("pixel_values").GetString()!;
            float tolerance = Cases.GetProperty("tensors").GetProperty(name).GetProperty("atol").GetSingle();
            float[] got = PixelNormalization.ToPlanes(Resized(c), [0.5f, 0.5f, 0.5f], [0.5f, 0.5f, 0.5f]);
            float[] want = Expected.Floats(name);
            Assert.Equal(want.Length, got.Length);
            for (int i = 0; i < want.Length; i++)
                Assert.InRange(got[i] - want[i], -tolerance, tolerance);
        }
    }

    [Fact]
    public void Fast_resize_equals_the_plain_one_for_any_size()
    {
        var random = new Random(7);
        for (int round = 0; round < 60; round++)
        {
            int w = random.Next(1, 70), h = random.Next(1, 70);
            var target = new FrameSize(random.Next(1, 70), random.Next(1, 70), (Resample)(round % 2));
            byte[] source = new byte[w * h * 3];
            random.NextBytes(source);
            if (round % 3 == 0)
                Array.ForEach(Enumerable.Range(0, source.Length).ToArray(), i => source[i] = (byte)(source[i] < 128 ? 0 : 255));
            byte[] got = new byte[target.Width * target.Height * 3];
            new PillowResize(w, h, target).Apply(source, got);
            Assert.Equal(Plain(source, w, h, target), got);
        }
    }

    private static IEnumerable<JsonElement> Siglip() =>
        Cases.GetProperty("cases").EnumerateArray().Where(c => c.GetProperty("processor").GetString() == "siglip");

    private static byte[] Resized(JsonElement c)
    {
        byte[] source = Expected.Bytes(c.GetProperty("image").GetString()!, out int[] shape);
        var size = c.GetProperty("size");
        var target = new FrameSize(size[1].GetInt32(), size[0].GetInt32(),
            c.GetProperty("resample").GetString() == "bicubic" ? Resample.Bicubic : Resample.Bilinear);
        byte[] got = new byte[target.Width * target.Height * 3];
        new PillowResize(shape[1], shape[0], target).Apply(source, got);
        return got;
    }

    /// <summary>The rule written down without any thought of speed.</summary>
    private static byte[] Plain(byte[] source, int w, int h, FrameSize target)
    {
        byte[] wide = w == target.Width ? source : Pass(source, h, w * 3, 3, w, target.Width, target.Resample);
        return h == target.Height ? wide : Transposed(wide, target.Width, h, target);
    }

    private static byte[] Pass(byte[] source, int rows, int stride, int step, int input, int output, Resample kind)
    {
        var weights = ResampleWeights.Create(input, output, kind);
        byte[] result = new byte[rows * output * 3];
        for (int y = 0; y < rows; y++)
        {
            for (int i = 0; i < output * 3; i++)
            {
                long sum = 1 << 21;
                for (int k = 0; k < weights.Count[i / 3]; k++)
                    sum += (long)source[y * stride + (weights.First[i / 3] + k) * step + i % 3] * weights.Weights[i / 3 * weights.Taps + k];
                result[y * output * 3 + i] = (byte)Math.Clamp(sum >> 22, 0, 255);
            }
        }

        return result;
    }

    private static byte[] Transposed(byte[] wide, int width, int height, FrameSize target)
    {
        byte[] Turn(byte[] from, int w, int h)
        {
            byte[] to = new byte[from.Length];
            for (int i = 0; i < w * h * 3; i++)
                to[(i / 3 % w * h + i / 3 / w) * 3 + i % 3] = from[i];
            return to;
        }

        byte[] columns = Pass(Turn(wide, width, height), width, height * 3, 3, height, target.Height, target.Resample);
        return Turn(columns, target.Height, width);
    }
}
