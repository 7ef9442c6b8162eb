using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Unicode;
using HieraVid.Pipeline;
using HieraVid.Video;

namespace HieraVid.Client.Reporting;

/// <summary>The JSON object that the page draws from. Its reader is data.js; the names agree.</summary>
internal static class PageData
{
    // Any language stays readable, while <, >, & and quotes become \u escapes: no text can end the script element.
    private static readonly JsonSerializerOptions s_options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Encoder = JavaScriptEncoder.Create(UnicodeRanges.All),
        NumberHandling = System.Text.Json.Serialization.JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    /// <summary>The object as text that is safe inside a script element.</summary>
    internal static string Of(AnswerReport answer, PruningReport pruning, IReadOnlyList<byte[]> thumbnailsJpeg)
    {
        var shown = FrameThumbnails.Chosen(pruning.Frames);
        // The page may be passed on, and the folders of this machine are nobody's business.
        var safe = answer with { Segments = [], Model = Path.GetFileName(Path.TrimEndingDirectorySeparator(answer.Model)) };
        var data = new
        {
            // As --json prints it; the segments follow below.
            Answer = JsonSerializer.SerializeToNode(safe, s_options),
            pruning.Method,
            pruning.Budget,
            pruning.Frames,
            pruning.Positions,
            pruning.Layers,
            pruning.OverlapThreshold,
            Overlap = pruning.Overlap.Select(o => Math.Round(o, 4)),
            Segments = pruning.Segments.Select(s => s with { Start = Round(s.Start), End = Round(s.End), Score = Round(s.Score) }),
            Stages = pruning.Stages.Select((s, i) => Stage(pruning, s, i, shown)),
            Shown = shown,
            FrameCounts = FrameCounts(pruning),
            MergeThreshold = MergeThreshold(pruning),
            Similarity = PackedNumbers.Reals(Of(pruning.Similarity, pruning, shown)),
            MergedInto = PackedNumbers.Integers(Of(pruning.MergedInto, pruning, shown)),
            LeftAt = PackedNumbers.Integers(Of(pruning.LeftAt, pruning, shown)),
            Pictures = shown.Select(f => f < thumbnailsJpeg.Count ? System.Buffers.Text.Base64Url.EncodeToString(thumbnailsJpeg[f]) : ""),
        };
        return JsonSerializer.Serialize(data, s_options);
    }

    // Only tokens that were there before the stage have figures, and LeftAt tells which those are; so the arrays list
    // just them, in order: 1.5 of 4 values at a budget of 0.3.
    private static object Stage(PruningReport report, PruningStageReport stage, int index, int[] shown)
    {
        int[] present = [.. Tokens(report, shown).Where(t => report.LeftAt[t] is -1 || report.LeftAt[t] >= index)];
        var survivors = stage.Name == "relevance" ? NeighbourGroups.Survivors(report, index) : null;
        return new
        {
            stage.Name,
            stage.Layer,
            stage.Before,
            stage.After,
            Relevance = stage.Relevance.Count == 0 ? null : PackedNumbers.Reals([.. present.Select(t => stage.Relevance[t])]),
            Gain = stage.Gain.Count == 0 ? null : PackedNumbers.Reals([.. present.Select(t => stage.Gain[t])]),
            Rank = stage.Rank.Count == 0 ? null : PackedNumbers.Integers([.. present.Select(t => stage.Rank[t])]),
            Survivor = survivors is null ? null : PackedNumbers.Integers([.. present.Select(t => survivors[t])]),
            LastGain = report.Segments.Select(s => LastGain(report, stage, s)),
        };
    }

    // Tokens per frame at the input and after each stage, for all frames: the pictures may be of fewer.
    private static List<int[]> FrameCounts(PruningReport report)
    {
        var counts = Enumerable.Range(0, report.Stages.Count + 1).Select(_ => new int[report.Frames]).ToList();
        // A method that prunes nothing says nothing per token: all are there.
        if (report.LeftAt.Count == 0)
            counts.ForEach(frames => Array.Fill(frames, report.Positions));
        for (var token = 0; token < report.LeftAt.Count; token++)
        {
            var last = report.LeftAt[token] < 0 ? report.Stages.Count : report.LeftAt[token];
            for (var level = 0; level <= last; level++)
                counts[level][token / report.Positions]++;
        }
        return counts;
    }

    // The similarity down to which tokens were merged; null where none was.
    private static double? MergeThreshold(PruningReport report)
    {
        var merged = report.Similarity.Where((s, t) => report.MergedInto[t] >= 0 && float.IsFinite(s));
        return merged.Any() ? Math.Round(merged.Min(), 4) : null;
    }

    // What a segment's last pick still added: what an unpicked token would have had to beat.
    private static double? LastGain(PruningReport report, PruningStageReport stage, SegmentReport segment)
    {
        if (stage.Gain.Count == 0 || stage.Rank.Count == 0)
            return null;
        var last = Tokens(report, Enumerable.Range(segment.FirstFrame, segment.LastFrame - segment.FirstFrame + 1))
            .Where(t => stage.Rank[t] >= 0 && !float.IsNaN(stage.Gain[t])).DefaultIfEmpty(-1).MaxBy(t => t < 0 ? -1 : stage.Rank[t]);
        return last < 0 ? null : Math.Round(stage.Gain[last], 6);
    }

    private static List<T> Of<T>(IReadOnlyList<T> values, PruningReport report, int[] shown) =>
        values.Count == 0 ? [] : [.. Tokens(report, shown).Select(t => values[t])];

    private static IEnumerable<int> Tokens(PruningReport report, IEnumerable<int> frames) =>
        frames.SelectMany(f => Enumerable.Range(f * report.Positions, report.Positions));

    private static double Round(double value) => Math.Round(value, 4);
}
