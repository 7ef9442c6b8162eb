using System.Globalization;
using System.Net;
using System.Text;
using HieraVid.Evaluation.Answers;
using HieraVid.Evaluation.Running;

namespace HieraVid.Evaluation.Reporting;

/// <summary>The results as one HTML file that needs nothing else.</summary>
public static class EvaluationPage
{
    /// <summary>Writes the page.</summary>
    /// <param name="table">The results.</param>
    /// <param name="subject">What they are of.</param>
    public static string Write(EvaluationTable table, EvaluationSubject subject)
    {
        var page = new StringBuilder();
        page.Append(CultureInfo.InvariantCulture, $"""
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
            <title>Accuracy against cost</title><style>{Style()}</style></head><body>
            <h1>Accuracy against cost</h1>
            <p>{Text(subject.Model)} on {Text(subject.Questions)}, {table.Frequent.All.Total} questions, {Text(subject.Sampling)}. Small numbers are 95 % Wilson intervals.</p>
            {AccuracyChart.Draw(table)}
            <div class="scroll"><table><thead><tr><th>setting</th><th>all</th>
            """);
        foreach (var kind in table.Kinds)
            page.Append(CultureInfo.InvariantCulture, $"<th>{Text(kind)}</th>");
        page.Append("<th>tokens</th><th>FLOPs</th><th>prefill</th></tr></thead><tbody>\n");
        foreach (var row in table.Rows)
            page.Append(CultureInfo.InvariantCulture,
                $"<tr><td>{Text(row.Setting.Name)}</td>{Cell(row.All)}{string.Concat(row.Kinds.Select(Cell))}<td>{row.Retention:P1}</td><td>{row.FlopsRatio:P1}</td><td>{row.PrefillSeconds * 1000:0} ms</td></tr>\n");
        page.Append(CultureInfo.InvariantCulture,
            $"<tr class=\"reference\"><td>most frequent answer</td>{Cell(table.Frequent.All)}{string.Concat(table.Frequent.Kinds.Select(Cell))}<td></td><td></td><td></td></tr>\n");
        return page.Append("</tbody></table></div>\n</body></html>\n").ToString();
    }

    private static string Cell(Accuracy accuracy) => accuracy.Total == 0 ? "<td></td>" : string.Create(CultureInfo.InvariantCulture,
        $"<td>{accuracy.Share * 100:0.0} <small>{accuracy.Interval.Low * 100:0.0}–{accuracy.Interval.High * 100:0.0}</small></td>");

    private static string Text(string text) => WebUtility.HtmlEncode(text);

    private static string Style()
    {
        using var stream = typeof(EvaluationPage).Assembly.GetManifestResourceStream("evaluation.css")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
