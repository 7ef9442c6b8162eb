using System.Text.Json;
using HieraVid.Models.Qwen2Vl;

namespace HieraVid.Models.Tests.Qwen2Vl;

public sealed class SmartResizeTests
{
    [Fact]
    public void It_gives_the_reference_table()
    {
        using var cases = JsonDocument.Parse(File.ReadAllText(Path.Combine(Fixtures.Find("preprocess"), "cases.json")));
        foreach (var row in cases.RootElement.GetProperty("smart_resize").EnumerateArray())
        {
            var got = SmartResize.Size(row.GetProperty("height").GetInt32(), row.GetProperty("width").GetInt32(),
                row.GetProperty("min_pixels").GetInt64(), row.GetProperty("max_pixels").GetInt64());
            var want = row.GetProperty("result");
            (int, int)? size = want.ValueKind == JsonValueKind.Null ? null : (want[0].GetInt32(), want[1].GetInt32());
            Assert.Equal(size, got);
        }
        Assert.Null(SmartResize.Size(20, 300, 3136, 602112));
        Assert.Null(SmartResize.Size(28, 28 * 201, 3136, 602112));
    }

    [Theory]
    [InlineData(32, 24576 * 784, 768 * 784)]
    [InlineData(768, 24576 * 784, 134 * 784 + 313)]
    [InlineData(768, 115200 * 784, 300 * 784)]
    public void A_videos_pixel_budget_is_shared_by_its_frames(int frames, long total, long max) =>
        Assert.Equal((128L * 784, max), SmartResize.VideoBudget(frames, total));
}
