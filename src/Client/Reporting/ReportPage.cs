using System.Globalization;
using System.Net;
using HieraVid.Pipeline;
using HieraVid.Pipeline.Jobs;
using HieraVid.Video;

namespace HieraVid.Client.Reporting;

/// <summary>
/// One HTML file that shows what pruning did for an answer and why. It loads nothing from anywhere: style, script, data
/// and pictures are in it, and its own content policy forbids the rest.
/// </summary>
public static class ReportPage
{
    private static readonly string[] s_scripts =
        ["data.js", "svg.js", "frames.js", "explain.js", "tokens.js", "timeline.js", "segments.js", "charts.js", "page.js"];

    /// <summary>Looks whether the page could be written; to be asked before the work starts.</summary>
    /// <param name="path">The HTML file.</param>
    /// <exception cref="JobException">It can't; the message is for the user.</exception>
    public static void Check(string path) => WholeFile.Check(path);

    /// <summary>Decodes the pictures again and writes the page.</summary>
    /// <param name="path">The HTML file; one that is there is replaced.</param>
    /// <param name="answer">The answer, with what pruning did for it.</param>
    /// <param name="question">The question, in the user's words.</param>
    /// <param name="video">The probed video.</param>
    /// <param name="limits">What decoding may cost.</param>
    /// <param name="cancellation">Ends it; a page that was there stays.</param>
    /// <exception cref="JobException">The page can't be written; the message is for the user.</exception>
    /// <exception cref="VideoException">The video is gone or costs more than the ceilings allow.</exception>
    public static async Task WriteAsync(
        string path, AnswerReport answer, string question, VideoInfo video, VideoLimits limits, CancellationToken cancellation = default)
    {
        var pruning = (answer.Pruning ?? throw new ArgumentException("It does not say what pruning did.", nameof(answer)))();
        var shown = ShownFrames.Of(pruning);
        double[] times = [.. shown.Select(frame => pruning.Times[frame])];
        var thumbnails = await FrameThumbnails.OfAsync(video, times, limits, cancellation).ConfigureAwait(false);
        Write(path, answer, pruning, question, shown, thumbnails);
    }

    /// <summary>Writes the page, whole or not at all.</summary>
    internal static void Write(
        string path, AnswerReport answer, PruningReport pruning, string question, IReadOnlyList<int> shown,
        IReadOnlyList<byte[]> thumbnailsJpeg) =>
        WholeFile.Write(path, Html(answer, pruning, question, shown, thumbnailsJpeg));

    /// <summary>The page as text.</summary>
    internal static string Html(
        AnswerReport answer, PruningReport pruning, string question, IReadOnlyList<int> shown,
        IReadOnlyList<byte[]> thumbnailsJpeg)
    {
        var style = PageParts.Resource("report.css");
        var script = string.Join('\n', s_scripts.Select(PageParts.Resource));
        return PageParts.Fill(PageParts.Resource("report.html"), new Dictionary<string, string>
        {
            ["policy"] = PageParts.Policy(style, script),
            ["style"] = style,
            ["script"] = script,
            ["question"] = WebUtility.HtmlEncode(question.Trim()),
            ["answer"] = WebUtility.HtmlEncode(answer.Answer.Length > 0 ? answer.Answer : "(The model's answer is empty.)"),
            ["finish"] = answer.Finish == "length" ? "The token limit ended the answer." : "",
            ["notes"] = string.Concat(answer.Notes.Select(note => $"<li>{WebUtility.HtmlEncode(note)}</li>")),
            ["method"] = WebUtility.HtmlEncode(answer.Method),
            ["budget"] = (answer.Budget * 100).ToString("0.#", CultureInfo.InvariantCulture),
            ["data"] = PageData.Of(answer, pruning, shown, thumbnailsJpeg),
        });
    }
}
