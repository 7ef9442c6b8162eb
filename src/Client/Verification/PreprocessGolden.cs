using System.Text.Json;
using HieraVid.Models.Qwen2Vl;
using HieraVid.Torch;
using HieraVid.Video;
using static TorchSharp.torch;

namespace HieraVid.Client.Verification;

/// <summary>Golden values of image preprocessing: the 8-bit resize bit for bit, normalisation, Qwen2-VL's size rule.</summary>
internal static class PreprocessGolden
{
    internal static void Run(GoldenFolder golden)
    {
        foreach (var item in golden.Cases.GetProperty("cases").EnumerateArray())
        {
            if (item.GetProperty("processor").GetString() == "siglip")
                Siglip(golden, item);
            else
                QwenVl(golden, item);
        }
        var differing = 0;
        var rows = golden.Cases.GetProperty("smart_resize").EnumerateArray().ToList();
        foreach (var row in rows)
        {
            var size = SmartResize.Size(Int(row, "height"), Int(row, "width"), Int(row, "min_pixels"), Int(row, "max_pixels"));
            var result = row.GetProperty("result");
            (int, int)? expected = result.ValueKind == JsonValueKind.Null ? null : (result[0].GetInt32(), result[1].GetInt32());
            differing += size == expected ? 0 : 1;
        }
        golden.Check($"smart_resize ({rows.Count} sizes)", 0, () => (differing, ""));
    }

    private static void Siglip(GoldenFolder golden, JsonElement item)
    {
        using var scope = NewDisposeScope();
        var image = golden.Input(item.GetProperty("image").GetString()!);
        var (height, width) = ((int)image.shape[0], (int)image.shape[1]);
        var size = item.GetProperty("size");
        var filter = item.GetProperty("resample").GetString() == "bicubic" ? Resample.Bicubic : Resample.Bilinear;
        var target = new FrameSize(size[1].GetInt32(), size[0].GetInt32(), filter);
        var resized = new byte[target.Width * target.Height * 3];
        new PillowResize(width, height, target).Apply(image.ToArray<byte>(), resized);
        golden.Compare(item.GetProperty("resized_u8").GetString()!, () => TensorData.From<byte>(resized, resized.Length));
        golden.Compare(item.GetProperty("pixel_values").GetString()!, () =>
            TensorData.From<float>(PixelNormalization.ToPlanes(resized, [0.5f, 0.5f, 0.5f], [0.5f, 0.5f, 0.5f]), resized.Length));
    }

    // A single picture, which stands for a pair of frames.
    private static void QwenVl(GoldenFolder golden, JsonElement item)
    {
        using var scope = NewDisposeScope();
        var image = golden.Input(item.GetProperty("image").GetString()!);
        var (height, width) = ((int)image.shape[0], (int)image.shape[1]);
        var size = item.GetProperty("resized");
        var target = new FrameSize(size[1].GetInt32(), size[0].GetInt32());
        var resized = new byte[target.Width * target.Height * 3];
        new PillowResize(width, height, target).Apply(image.ToArray<byte>(), resized);
        golden.Compare(item.GetProperty("patches").GetString()!, () => new QwenVlPreprocessor().Patches(
            TensorData.From<byte>(resized, 1, target.Height, target.Width, 3), new QwenVlVisionConfig()));
    }

    private static int Int(JsonElement row, string name) => row.GetProperty(name).GetInt32();
}
