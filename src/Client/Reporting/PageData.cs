using System.Buffers.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Unicode;
using HieraVid.Pipeline;

namespace HieraVid.Client.Reporting;

/// <summary>
/// The JSON object that the page draws from. Its reader is data.js; the names agree. Counts are of all frames, arrays
/// per token of the shown ones alone.
/// </summary>
internal static class PageData
{
    // Any language stays readable, while <, >, & and quotes become \u escapes: no text can end the script element.
    private static readonly JsonSerializerOptions s_options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Encoder = JavaScriptEncoder.Create(UnicodeRanges.All),
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    /// <summary>The object as text that is safe inside a script element.</summary>
    /// <param name="answer">The answer.</param>
    /// <param name="pruning">What pruning did for it.</param>
    /// <param name="shown">The frames that the page shows, ascending.</param>
    /// <param name="thumbnailsJpeg">Their pictures, in order; empty ones or none are fine.</param>
    internal static string Of(
        AnswerReport answer, PruningReport pruning, IReadOnlyList<int> shown, IReadOnlyList<byte[]> thumbnailsJpeg)
    {
        // The page may be passed on, and the folders of this machine are nobody's business.
        var safe = answer with { Segments = [], Model = Path.GetFileName(Path.TrimEndingDirectorySeparator(answer.Model)) };
        int[] tokens = [.. shown.SelectMany(f => Enumerable.Range(f * pruning.Positions, pruning.Positions))];
        var counts = FrameCounts(pruning);
        var absorbed = Absorbed(pruning);
        var data = new
        {
            // As --json prints it; the segments follow below.
            Answer = JsonSerializer.SerializeToNode(safe, s_options),
            pruning.Frames,
            pruning.Positions,
            pruning.Columns,
            Times = pruning.Times,
            pruning.Layers,
            pruning.OverlapThreshold,
            Overlap = pruning.Overlap.Select(o => Math.Round(o, 4)),
            Segments = pruning.Segments.Select(s => Segment(pruning, s, counts)),
            Stages = pruning.Stages.Select(s => Stage(pruning, s, shown)),
            Shown = shown,
            FrameCounts = counts,
            MergeThreshold = pruning.MergeThreshold is { } least ? Round(least) : (double?)null,
            pruning.RelevanceSign,
            pruning.Unsegmented,
            LeftAt = PackedNumbers.Integers(Of(pruning.LeftAt, tokens)),
            Similarity = PackedNumbers.Reals(Of(pruning.Similarity, tokens)),
            MergedInto = PackedNumbers.Integers(Of(pruning.MergedInto, tokens)),
            // Tokens that are merged into a shown one, or that hold it, may be in frames that are not shown.
            Absorbed = PackedNumbers.Integers(Of(absorbed, tokens)),
            HolderLeftAt = PackedNumbers.Integers([.. Of(pruning.MergedInto, tokens).Select(t => t < 0 ? -1 : pruning.LeftAt[t])]),
            Pictures = shown.Select((_, i) => i < thumbnailsJpeg.Count ? Base64Url.EncodeToString(thumbnailsJpeg[i]) : ""),
        };
        return JsonSerializer.Serialize(data, s_options);
    }

    // Only tokens that were there before the stage have figures, and LeftAt tells which those are; so the arrays list
    // just them, in order: 1.5 of 4 values at a budget of 0.3.
    private static object Stage(PruningReport report, PruningStageReport stage, IReadOnlyList<int> shown)
    {
        var isShown = new bool[report.Frames];
        foreach (var frame in shown)
            isShown[frame] = true;
        int[] rows = [.. Enumerable.Range(0, stage.Tokens.Count).Where(row => isShown[stage.Tokens[row] / report.Positions])];
        return new
        {
            stage.Rule,
            stage.Layer,
            stage.Before,
            stage.After,
            Pieces = stage.Pieces.Select(p => new { p.Frames.First, p.Frames.Count, Before = p.Count, Room = p.Keep }),
            Relevance = Packed(stage.Relevance),
            Place = PackedWhole(stage.Place),
            Gain = Packed(stage.Gain),
            Rank = PackedWhole(stage.Rank),
            Winner = PackedWhole(stage.Winner),
            WinnerRelevance = stage.Winner.Count == 0 ? null : PackedNumbers.Reals([.. WinnerRelevances(stage, rows)]),
            LastGain = LastGains(report, stage),
        };

        PackedNumbers? Packed(IReadOnlyList<float> values) =>
            values.Count == 0 ? null : PackedNumbers.Reals([.. rows.Select(row => values[row])]);

        PackedNumbers? PackedWhole(IReadOnlyList<int> values) =>
            values.Count == 0 ? null : PackedNumbers.Integers([.. rows.Select(row => values[row])]);
    }

    private static IEnumerable<float> WinnerRelevances(PruningStageReport stage, int[] rows)
    {
        var relevance = stage.Tokens.Zip(stage.Relevance).ToDictionary(pair => pair.First, pair => pair.Second);
        return rows.Select(row => relevance.GetValueOrDefault(stage.Winner[row], float.NaN));
    }

    private static object Segment(PruningReport report, SegmentReport segment, List<int[]> counts)
    {
        // The token without a segment is the last one of the video, so of the last segment's frames.
        var stray = segment.LastFrame == report.Frames - 1 && report.Unsegmented >= 0 ? report.LeftAt[report.Unsegmented] : -2;
        return new
        {
            segment.Index,
            segment.FirstFrame,
            segment.LastFrame,
            Start = Round(segment.Start),
            End = Round(segment.End),
            Score = Round(segment.Score),
            Counts = counts.Select((frames, level) =>
                frames.AsSpan(segment.FirstFrame..(segment.LastFrame + 1)).ToArray().Sum() - (stray == -1 || stray >= level ? 1 : 0)),
        };
    }

    // Tokens per frame at the input and after each stage.
    private static List<int[]> FrameCounts(PruningReport report)
    {
        var counts = Enumerable.Range(0, report.Stages.Count + 1).Select(_ => new int[report.Frames]).ToList();
        for (var token = 0; token < report.LeftAt.Count; token++)
        {
            var last = report.LeftAt[token] < 0 ? report.Stages.Count : report.LeftAt[token];
            for (var level = 0; level <= last; level++)
                counts[level][token / report.Positions]++;
        }
        return counts;
    }

    // How many tokens were merged into each: those of the same position in as many frames that follow.
    private static int[] Absorbed(PruningReport report)
    {
        var absorbed = new int[report.MergedInto.Count];
        foreach (var holder in report.MergedInto)
        {
            if (holder >= 0)
                absorbed[holder]++;
        }
        return absorbed;
    }

    // What each segment's last pick still added: what a token that was not picked would have had to beat.
    private static IEnumerable<double?>? LastGains(PruningReport report, PruningStageReport stage)
    {
        if (stage.Gain.Count == 0)
            return null;
        var segmentOf = new int[report.Frames];
        foreach (var segment in report.Segments)
            Array.Fill(segmentOf, segment.Index, segment.FirstFrame, segment.LastFrame - segment.FirstFrame + 1);
        var last = new (int Rank, double? Gain)[report.Segments.Count];
        for (var row = 0; row < stage.Tokens.Count; row++)
        {
            ref var so = ref last[segmentOf[stage.Tokens[row] / report.Positions]];
            if (stage.Rank[row] >= so.Rank)
                so = (stage.Rank[row], stage.Gain[row]);
        }
        return last.Select(l => l.Gain);
    }

    private static List<T> Of<T>(IReadOnlyList<T> values, int[] tokens) =>
        values.Count == 0 ? [] : [.. tokens.Select(t => values[t])];

    private static double Round(double value) => Math.Round(value, 4);
}
