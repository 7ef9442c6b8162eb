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
        var answer = made.Answer with { Answer = Nasty, Notes = [Nasty], Finish = Nasty, Model = "/home/someone/" + "</script><b>", Device = Nasty };
        var html = ReportPage.Html(answer, made.Pruning with { Method = Nasty }, Nasty, []);
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
        var html = ReportPage.Html(SyntheticAnswer.OfNoise(2).Answer, SyntheticAnswer.OfNoise(2).Pruning, "Why?", []);
        Assert.Contains("default-src 'none'", html, StringComparison.Ordinal);
        var withoutNamespace = html.Replace("http://www.w3.org/2000/svg", "", StringComparison.Ordinal);
        Assert.DoesNotContain("http:", withoutNamespace, StringComparison.Ordinal);
        Assert.DoesNotContain("https:", withoutNamespace, StringComparison.Ordinal);
    }

    [Fact]
    public void The_data_on_the_page_is_the_report()
    {
        var made = SyntheticAnswer.OfNoise(12);
        byte[][] pictures = [.. Enumerable.Range(0, 12).Select(i => new byte[] { 0xFF, 0xD8, (byte)i, 0xFB, 0xEF })];
        var data = Data(ReportPage.Html(made.Answer, made.Pruning, "Why?", pictures));
        var report = made.Pruning;
        Assert.Equal(report.LeftAt, Integers(data.GetProperty("leftAt")));
        Assert.Equal(report.MergedInto, Integers(data.GetProperty("mergedInto")));
        Near(report.Similarity, Reals(data.GetProperty("similarity")));
        Near(report.Overlap, data.GetProperty("overlap").EnumerateArray().Select(o => (float)o.GetDouble()));
        Assert.Equal(pictures, data.GetProperty("pictures").EnumerateArray().Select(p => Base64Url.DecodeFromChars(p.GetString())));
        for (var i = 0; i < report.Stages.Count; i++)
        {
            var (stage, shown) = (report.Stages[i], data.GetProperty("stages")[i]);
            Assert.Equal((stage.Name, stage.Layer, stage.Before, stage.After),
                (shown.GetProperty("name").GetString(), shown.GetProperty("layer").GetInt32(), shown.GetProperty("before").GetInt32(), shown.GetProperty("after").GetInt32()));
            int[] present = [.. Enumerable.Range(0, report.LeftAt.Count).Where(t => report.LeftAt[t] < 0 || report.LeftAt[t] >= i)];
            Assert.Equal(stage.Before, present.Length);
            Near([.. present.Take(stage.Relevance.Count).Select(t => stage.Relevance[t])], Reals(shown.GetProperty("relevance")));
            Near([.. present.Take(stage.Gain.Count).Select(t => stage.Gain[t])], Reals(shown.GetProperty("gain")));
            Assert.Equal(present.Take(stage.Rank.Count).Select(t => stage.Rank[t]), Integers(shown.GetProperty("rank")));
        }
        Assert.Equal(report.Segments.Select(s => s.Kept), data.GetProperty("segments").EnumerateArray()
            .Select(s => s.GetProperty("kept").EnumerateArray().Select(k => k.GetInt32()).ToArray()));
        var counts = data.GetProperty("frameCounts").EnumerateArray().Select(l => l.EnumerateArray().Sum(c => c.GetInt32()));
        Assert.Equal([report.Frames * report.Positions, .. report.Stages.Select(s => s.After)], counts);
    }

    [Fact]
    public void A_token_that_a_neighbour_outdid_names_that_neighbour()
    {
        var report = SyntheticAnswer.OfNoise(10).Pruning;
        var survivors = NeighbourGroups.Survivors(report, 1)!;
        var relevance = report.Stages[1].Relevance;
        for (var t = 0; t < survivors.Length; t++)
        {
            if (report.LeftAt[t] == 0)
                Assert.Equal(-1, survivors[t]);
            else if (report.LeftAt[t] == 1)
                Assert.True(survivors[t] < 0 || (report.LeftAt[survivors[t]] != 1 && relevance[survivors[t]] >= relevance[t]));
            else
                Assert.Equal(t, survivors[t]);
        }
        // Another rule of choice: the survivors are not one per group, so no neighbour is to blame.
        var other = report with { LeftAt = [.. report.LeftAt.Select((l, t) => l == 0 ? 0 : t % 3 == 0 ? -1 : t % 3 == 1 && t % 7 == 0 ? -1 : 1)] };
        Assert.Null(NeighbourGroups.Survivors(other, 1));
    }

    [Fact]
    public void The_page_stays_small()
    {
        var usual = SyntheticAnswer.OfNoise(32);
        var html = ReportPage.Html(usual.Answer, usual.Pruning, "Why?", []);
        Assert.InRange(html.Length, 50_000, 200_000);
        var hour = Hour();
        html = ReportPage.Html(usual.Answer with { Video = usual.Answer.Video with { SampledTimes = [.. Enumerable.Range(0, 3600).Select(t => (double)t)] } },
            hour, "Why?", []);
        Assert.InRange(html.Length, 100_000, 1_000_000);
        Assert.Equal(128, Data(html).GetProperty("shown").GetArrayLength());
        Assert.Equal(3600, Data(html).GetProperty("frameCounts")[0].GetArrayLength());
    }

    [Fact]
    public void An_answer_without_pruning_has_a_page_too()
    {
        var made = SyntheticAnswer.OfNoise(3);
        var nothing = made.Pruning with { Method = "none", Budget = 1, Stages = [], Segments = [], Overlap = [], Similarity = [], MergedInto = [], LeftAt = [] };
        var data = Data(ReportPage.Html(made.Answer, nothing, "Why?", []));
        Assert.Equal([196, 196, 196], data.GetProperty("frameCounts")[0].EnumerateArray().Select(c => c.GetInt32()));
    }

    [Fact]
    public void A_page_is_replaced_as_a_whole_and_leaves_nothing_beside_it()
    {
        var made = SyntheticAnswer.OfNoise(2);
        File.WriteAllText(At("a.html"), "old");
        ReportPage.Check(At("a.html"));
        Assert.Equal("old", File.ReadAllText(At("a.html")));
        ReportPage.Write(At("a.html"), made.Answer, made.Pruning, "Why?", []);
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
        foreach (var act in new Action[] { () => ReportPage.Check(path), () => ReportPage.Write(path, made.Answer, made.Pruning, "Why?", []) })
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

    // An hour at one frame per second; the figures hardly matter, their number does.
    private static Pipeline.PruningReport Hour()
    {
        const int frames = 3600, positions = 196, n = frames * positions;
        int[] leftAt = [.. Enumerable.Range(0, n).Select(t => t % 4 - 1)];
        float[] figure = [.. leftAt.Select((_, t) => t % 1000 / 1000f)];
        return SyntheticAnswer.OfNoise(2).Pruning with
        {
            Frames = frames,
            LeftAt = leftAt,
            Similarity = figure,
            MergedInto = [.. leftAt.Select((l, t) => l == 0 ? t - positions : -1)],
            Overlap = new float[frames],
            Segments = [.. Enumerable.Range(0, 360).Select(s => new Pipeline.SegmentReport(s, s * 10, s * 10 + 9, s * 10, s * 10 + 10, 0, [1470, 980, 490]))],
            Stages =
            [
                new("merge", 0, n, n * 3 / 4, [], [], []),
                new("relevance", 7, n * 3 / 4, n / 2, figure, [], []),
                new("dpp", 14, n / 2, n / 4, figure, figure, leftAt),
            ],
        };
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
