using System.Globalization;
using System.Text.Json;
using HieraVid.Video;

namespace HieraVid.Client.Verification;

/// <summary>Golden values of frame sampling: indices, times as the prompt writes them, the time instruction.</summary>
internal static class SamplingGolden
{
    internal static void Run(GoldenFolder golden)
    {
        Table(golden, "linspace", row => Same(row, FrameSampling.Uniform(Int(row, "total_frames"), Int(row, "num"))));
        Table(golden, "llava", row =>
        {
            var sample = FrameSampling.LlavaVideo(Int(row, "total_frames"), row.GetProperty("avg_fps").GetDouble(),
                Int(row, "max_frames"), row.GetProperty("force_sample").GetBoolean());
            return Same(row, sample.Indices)
                && sample.FrameTimes == row.GetProperty("frame_time").GetString()
                && sample.VideoSeconds.ToString("F2", CultureInfo.InvariantCulture) == row.GetProperty("video_time").GetString()
                && sample.TimeInstruction == row.GetProperty("time_instruction").GetString();
        });
        Table(golden, "qwen_vl_utils", QwenVl);
    }

    private static bool QwenVl(JsonElement row)
    {
        var options = row.GetProperty("options");
        var rule = new QwenVlSampling
        {
            Fps = options.TryGetProperty("fps", out var fps) ? fps.GetDouble() : 2,
            Frames = options.TryGetProperty("nframes", out var frames) ? frames.GetInt32() : null,
            MaxFrames = options.TryGetProperty("max_frames", out var most) ? most.GetInt32() : null,
        };
        try
        {
            return Same(row, FrameSampling.QwenVl(Int(row, "total_frames"), row.GetProperty("video_fps").GetDouble(), rule));
        }
        catch (ArgumentOutOfRangeException)
        {
            return row.GetProperty("nframes").ValueKind == JsonValueKind.Null;
        }
    }

    private static void Table(GoldenFolder golden, string name, Func<JsonElement, bool> same)
    {
        var rows = golden.Cases.GetProperty(name).EnumerateArray().ToList();
        golden.Check($"{name} ({rows.Count} videos)", 0, () =>
        {
            var wrong = rows.Where(row => !same(row)).ToList();
            return (wrong.Count, wrong.Count == 0 ? "" : $"first wrong: {wrong[0].GetRawText()[..Math.Min(120, wrong[0].GetRawText().Length)]}");
        });
    }

    private static bool Same(JsonElement row, int[] indices) => row.GetProperty("frame_idx") is { ValueKind: JsonValueKind.Array } list
        && list.EnumerateArray().Select(i => i.GetInt32()).SequenceEqual(indices);

    private static int Int(JsonElement row, string name) => row.GetProperty(name).GetInt32();
}
