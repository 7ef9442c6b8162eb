using System.Net;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Unicode;
using HieraVid.Pipeline;
using HieraVid.Pipeline.Jobs;
using HieraVid.Video;

namespace HieraVid.Client.Reporting;

/// <summary>One HTML file with the kept tokens of several methods side by side; like the report, it loads nothing.</summary>
public static class ComparePage
{
    // Any language stays readable, while <, >, & and quotes become \u escapes: no text can end the script element.
    private static readonly JsonSerializerOptions s_options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Encoder = JavaScriptEncoder.Create(UnicodeRanges.All),
        NumberHandling = System.Text.Json.Serialization.JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    /// <summary>Decodes the pictures again and writes the page, whole or not at all.</summary>
    /// <param name="path">The HTML file; one that is there is replaced.</param>
    /// <param name="report">The comparison.</param>
    /// <param name="question">The question, in the user's words.</param>
    /// <param name="video">The probed video.</param>
    /// <param name="limits">What decoding may cost.</param>
    /// <param name="cancellation">Ends it; a page that was there stays.</param>
    /// <exception cref="JobException">The page can't be written; the message is for the user.</exception>
    /// <exception cref="VideoException">The video is gone or costs more than the ceilings allow.</exception>
    public static async Task WriteAsync(
        string path, ComparisonReport report, string question, VideoInfo video, VideoLimits limits, CancellationToken cancellation = default)
    {
        var thumbnails = await FrameThumbnails.OfAsync(video, report.Times, limits, cancellation).ConfigureAwait(false);
        WholeFile.Write(path, Html(report, question, thumbnails));
    }

    /// <summary>The page as text.</summary>
    internal static string Html(ComparisonReport report, string question, IReadOnlyList<byte[]> thumbnailsJpeg)
    {
        var style = PageParts.Resource("report.css") + PageParts.Resource("compare.css");
        var script = PageParts.Resource("compare.js");
        return PageParts.Fill(PageParts.Resource("compare.html"), new Dictionary<string, string>
        {
            ["policy"] = PageParts.Policy(style, script),
            ["style"] = style,
            ["script"] = script,
            ["question"] = WebUtility.HtmlEncode(question.Trim()),
            ["notes"] = string.Concat(report.Notes.Select(note => $"<li>{WebUtility.HtmlEncode(note)}</li>")),
            ["data"] = Data(report, thumbnailsJpeg),
        });
    }

    private static string Data(ComparisonReport report, IReadOnlyList<byte[]> thumbnailsJpeg)
    {
        var shown = FrameThumbnails.Chosen(report.Times.Count);
        return JsonSerializer.Serialize(new
        {
            report.Positions,
            report.Columns,
            report.Layers,
            report.Video.Width,
            report.Video.Height,
            Times = shown.Select(frame => report.Times[frame]),
            Pictures = shown.Select(frame => frame < thumbnailsJpeg.Count ? Convert.ToBase64String(thumbnailsJpeg[frame]) : ""),
            Rows = report.Rows.Select(row => new
            {
                row.Method,
                row.Budget,
                row.Refusal,
                row.Answer,
                row.SameAnswer,
                row.SameFirstToken,
                row.Divergence,
                row.Entered,
                row.AverageRetention,
                row.Flops,
                row.FlopsRatio,
                row.PruneSeconds,
                row.PrefillSeconds,
                row.CacheBytes,
                // One digit per token of the frames that are shown.
                Fates = row.Fates.Count == 0 ? "" : string.Concat(shown.Select(frame =>
                    string.Concat(row.Fates.Skip(frame * report.Positions).Take(report.Positions)))),
            }),
        }, s_options);
    }
}
