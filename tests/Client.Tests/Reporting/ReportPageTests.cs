using System.Buffers.Binary;
using System.Buffers.Text;
using System.Net;
using System.Text.Json;
using HieraVid.Client.Reporting;
using HieraVid.Pipeline.Jobs;

namespace HieraVid.Client.Tests.Reporting;

public sealed class ReportPageTests : IDisposable
{
    private const string Nasty = "Why? </script><img src=x onerror=alert(1)> {{data}} <!-- \"'& \u2028 日本";
    private readonly string _folder = Directory.CreateTempSubdirectory("hieravid-report-").FullName;

    private string At(string name) => Path.Combine(_folder, name);

    [Fact]
    public void Nothing_that_a_user_writes_becomes_markup()
    {
        var made = SyntheticAnswer.OfNoise(4);
        var html = (made with
        {
            Answer = made.Answer with
            {
                Answer = Nasty,
                Notes = [Nasty],
                Finish = Nasty,
                Method = Nasty,
                Device = Nasty,
                Model = "/home/someone/" + "</script><b>",
            },
        }).Html(Nasty);
        Assert.DoesNotContain("<img", html, StringComparison.Ordinal);
        Assert.DoesNotContain("<!--", html, StringComparison.Ordinal);
        Assert.Equal(2, html.Split("</script").Length - 1);
        Assert.Contains(WebUtility.HtmlEncode(Nasty), html, StringComparison.Ordinal);
        Assert.Equal(Nasty, Data(html).GetProperty("answer").GetProperty("answer").GetString());
        Assert.DoesNotContain("someone", html, StringComparison.Ordinal);
    }

    [Fact]
    public void The_page_loads_nothing_from_elsewhere_and_forbids_it()
    {
        var html = SyntheticAnswer.OfNoise(2).Html("Why?");
        Assert.Contains("default-src 'none'", html, StringComparison.Ordinal);
        var withoutNamespace = html.Replace("http://www.w3.org/2000/svg", "", StringComparison.Ordinal);
        Assert.DoesNotContain("http:", withoutNamespace, StringComparison.Ordinal);
        Assert.DoesNotContain("https:", withoutNamespace, StringComparison.Ordinal);
    }

    [Fact]
    public void The_data_on_the_page_is_the_report()
    {
        var made = SyntheticAnswer.OfNoise(12, room: 900);
        byte[][] pictures = [.. Enumerable.Range(0, 12).Select(i => new byte[] { 0xFF, 0xD8, (byte)i, 0xFB, 0xEF })];
        var data = Data((made with { Thumbnails = pictures }).Html("Why?"));
        var report = made.Pruning;
        Assert.Equal(report.LeftAt, Integers(data.GetProperty("leftAt")));
        Assert.Equal(report.MergedInto, Integers(data.GetProperty("mergedInto")));
        Near(report.Similarity, Reals(data.GetProperty("similarity")));
        Near(report.Overlap, data.GetProperty("overlap").EnumerateArray().Select(o => (float)o.GetDouble()));
        Assert.Equal(pictures, data.GetProperty("pictures").EnumerateArray().Select(p => Base64Url.DecodeFromChars(p.GetString())));
        for (var i = 0; i < report.Stages.Count; i++)
        {
            var (stage, shown) = (report.Stages[i], data.GetProperty("stages")[i]);
            Assert.Equal(stage.Rule.ToString(), shown.GetProperty("rule").GetString(), ignoreCase: true);
            Assert.Equal((stage.Before, stage.After), (shown.GetProperty("before").GetInt32(), shown.GetProperty("after").GetInt32()));
            Near(stage.Relevance, Reals(shown.GetProperty("relevance")));
            Near(stage.Gain, Reals(shown.GetProperty("gain")));
            Assert.Equal(stage.Place, Integers(shown.GetProperty("place")));
            Assert.Equal(stage.Rank, Integers(shown.GetProperty("rank")));
            Assert.Equal(stage.Winner, Integers(shown.GetProperty("winner")));
            Near([.. stage.Winner.Select(w => w < 0 ? float.NaN : stage.Relevance[((int[])stage.Tokens).IndexOf(w)])], Reals(shown.GetProperty("winnerRelevance")));
            Assert.Equal(stage.Pieces.Select(p => p.Keep), shown.GetProperty("pieces").EnumerateArray().Select(p => p.GetProperty("room").GetInt32()));
        }
        var counts = data.GetProperty("frameCounts").EnumerateArray().Select(l => l.EnumerateArray().Sum(c => c.GetInt32()));
        Assert.Equal([report.Frames * report.Positions, .. report.Stages.Select(s => s.After)], counts);
        for (var s = 0; s < report.Segments.Count; s++)
            Assert.Equal(report.Segments[s].Kept, data.GetProperty("segments")[s].GetProperty("counts").EnumerateArray().Skip(2).Select(k => k.GetInt32()));
    }

    [Fact]
    public void What_no_pick_resembles_would_have_gained_less_than_the_last_one_picked()
    {
        // The page explains dropped tokens by these two figures.
        var made = SyntheticAnswer.OfNoise(10);
        var data = Data(made.Html("Why?"));
        for (var i = 2; i < made.Pruning.Stages.Count; i++)
        {
            var stage = made.Pruning.Stages[i];
            var last = data.GetProperty("stages")[i].GetProperty("lastGain").EnumerateArray().Select(g => g.ValueKind == JsonValueKind.Null ? -1 : g.GetDouble()).ToArray();
            foreach (var segment in made.Pruning.Segments)
            {
                var rows = Enumerable.Range(0, stage.Tokens.Count)
                    .Where(row => stage.Tokens[row] / made.Pruning.Positions is var f && f >= segment.FirstFrame && f <= segment.LastFrame).ToList();
                var gains = rows.Where(row => stage.Rank[row] >= 0).OrderBy(row => stage.Rank[row]).Select(row => stage.Gain[row]).ToList();
                Assert.Equal(gains.Count == 0 ? -1 : gains[^1], last[segment.Index], 1e-6);
                Assert.Equal(gains.OrderDescending(), gains);
            }
        }
    }

    [Fact]
    public void A_page_about_an_hour_stays_small_and_shows_frames_of_every_part()
    {
        Assert.InRange(SyntheticAnswer.OfNoise(32).Html("Why?").Length, 50_000, 250_000);
        var hour = SyntheticAnswer.OfNoise(3600, features: 6, room: 30_000);
        var html = hour.Html("Why?");
        Assert.InRange(html.Length, 100_000, 1_500_000);
        var data = Data(html);
        Assert.Equal(3600, data.GetProperty("frameCounts")[0].GetArrayLength());
        int[] shown = [.. data.GetProperty("shown").EnumerateArray().Select(f => f.GetInt32())];
        Assert.Equal(128, shown.Distinct().Count());
        Assert.Equal(shown.Order(), shown);
        Assert.True(shown.Zip(shown.Skip(1), (a, b) => b - a).Append(shown[0]).Append(3600 - shown[^1]).Max() < 120);
    }

    [Fact]
    public void Every_segment_that_is_long_enough_is_shown()
    {
        var report = SyntheticAnswer.OfNoise(3600, positions: 1, features: 2).Pruning;
        // 40 segments of 60 frames, each after 30 of one frame.
        int[] firsts = [.. Enumerable.Range(0, 40).SelectMany(i => Enumerable.Range(90 * i, 31))];
        report = report with
        {
            Segments = [.. firsts.Select((first, s) => new Pipeline.SegmentReport(
                s, first, firsts.ElementAtOrDefault(s + 1) is > 0 and var next ? next - 1 : 3599, first, first, 0, []))],
        };
        var shown = ShownFrames.Of(report);
        Assert.Equal(128, shown.Distinct().Count());
        foreach (var segment in report.Segments.Where(s => s.LastFrame > s.FirstFrame))
            Assert.Contains(shown, f => f >= segment.FirstFrame && f <= segment.LastFrame);
    }

    [Fact]
    public void Frames_that_kept_equally_much_are_shown_evenly()
    {
        var shown = ShownFrames.Of(SyntheticAnswer.OfNoise(600, positions: 4, features: 4).Unpruned().Pruning);
        Assert.Equal(128, shown.Length);
        Assert.InRange(shown.Zip(shown.Skip(1), (a, b) => b - a).Max(), 1, 10);
    }

    [Fact]
    public void A_method_that_gives_no_reasons_has_a_page_too()
    {
        var made = SyntheticAnswer.OfNoise(3);
        var data = Data(made.Unpruned().Html("Why?"));
        Assert.Equal([196, 196, 196], data.GetProperty("frameCounts")[0].EnumerateArray().Select(c => c.GetInt32()));
        data = Data(made.Unexplained().Html("Why?"));
        Assert.Equal(made.Pruning.LeftAt, Integers(data.GetProperty("leftAt")));
    }

    [Fact]
    public void A_page_is_replaced_as_a_whole_and_leaves_nothing_beside_it()
    {
        var made = SyntheticAnswer.OfNoise(2);
        File.WriteAllText(At("a.html"), "old");
        ReportPage.Check(At("a.html"));
        Assert.Equal("old", File.ReadAllText(At("a.html")));
        made.Write(At("a.html"), "Why?");
        Assert.StartsWith("<!DOCTYPE html>", File.ReadAllText(At("a.html")), StringComparison.Ordinal);
        Assert.Equal(["a.html"], Directory.GetFileSystemEntries(_folder).Select(Path.GetFileName));
    }

    [Theory]
    [InlineData("", "path is empty")]
    [InlineData("missing/a.html", "is not there")]
    [InlineData("folder", "is a folder")]
    [InlineData("/dev/null", "a device")]
    [InlineData("/proc/a.html", "cannot be written")]
    public void A_place_that_cannot_be_written_is_said_in_one_sentence(string place, string words)
    {
        Assert.SkipWhen(place.StartsWith('/') && !OperatingSystem.IsLinux(), "a path of Linux");
        Directory.CreateDirectory(At("folder"));
        var path = place.Length == 0 || place[0] == '/' ? place : At(place);
        var made = SyntheticAnswer.OfNoise(1);
        foreach (var act in new Action[] { () => ReportPage.Check(path), () => made.Write(path, "Why?") })
        {
            var e = Assert.Throws<JobException>(act);
            Assert.True(e.IsUsersMistake);
            Assert.Contains(words, e.Message, StringComparison.Ordinal);
            Assert.DoesNotContain('\n', e.Message);
            Assert.DoesNotContain(".part", e.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_full_disk_is_said_to_be_that()
    {
        // The device that is always full stands in for a disk that is.
        var e = JobError(() => WholeFile.Guard("a.html", "b.part", () =>
        {
            using var full = File.OpenWrite("/dev/full");
            full.Write(new byte[10]);
            full.Flush();
        }));
        Assert.Contains("the disk is full", e.Message, StringComparison.Ordinal);
    }

    private static JobException JobError(Action act)
    {
        Assert.SkipUnless(File.Exists("/dev/full"), "no /dev/full here");
        return Assert.Throws<JobException>(act);
    }

    private static JsonElement Data(string html)
    {
        const string open = "<script type=\"application/json\" id=\"data\">";
        var start = html.IndexOf(open, StringComparison.Ordinal) + open.Length;
        return JsonDocument.Parse(html[start..html.IndexOf("</script>", start, StringComparison.Ordinal)]).RootElement;
    }

    private static void Near(IReadOnlyList<float> expected, IEnumerable<float> actual)
    {
        foreach (var (e, a) in expected.Zip(actual, (e, a) => (e, a)))
            Assert.True(float.IsNaN(e) ? float.IsNaN(a) : Math.Abs(e - a) <= 5e-4f * Math.Abs(e) + 1e-4f, $"{e} became {a}");
        Assert.Equal(expected.Count, actual.Count());
    }

    private static List<float> Reals(JsonElement packed) =>
        packed.ValueKind == JsonValueKind.Null ? [] : [.. Bytes(packed).Chunk(2).Select(b => (float)BinaryPrimitives.ReadHalfLittleEndian(b))];

    private static List<int> Integers(JsonElement packed) => packed.ValueKind == JsonValueKind.Null ? [] : packed.GetProperty("type").GetString() switch
    {
        "i1" => [.. Bytes(packed).Select(b => (int)(sbyte)b)],
        "i2" => [.. Bytes(packed).Chunk(2).Select(b => (int)BinaryPrimitives.ReadInt16LittleEndian(b))],
        _ => [.. Bytes(packed).Chunk(4).Select(b => BinaryPrimitives.ReadInt32LittleEndian(b))],
    };

    private static byte[] Bytes(JsonElement packed) => Base64Url.DecodeFromChars(packed.GetProperty("base64").GetString());

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
