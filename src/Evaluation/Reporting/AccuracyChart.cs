using System.Globalization;
using System.Net;
using System.Text;

namespace HieraVid.Evaluation.Reporting;

/// <summary>Accuracy against cost, which is drawn by powers, as SVG: one line per method, whiskers for the 95 % interval.</summary>
internal static class AccuracyChart
{
    private const double Width = 760, Height = 380, Left = 56, Right = 190, Top = 20, Bottom = 46;

    private static readonly double[] s_costs = [0.02, 0.05, 0.1, 0.2, 0.5, 1];

    private static readonly string[] Colours =
        ["#2563eb", "#dc2626", "#059669", "#d97706", "#7c3aed", "#0891b2", "#be185d", "#4d7c0f", "#64748b"];

    internal static string Draw(EvaluationTable table)
    {
        var svg = new StringBuilder();
        svg.Append(CultureInfo.InvariantCulture, $"<svg viewBox=\"0 0 {Width} {Height}\" role=\"img\" aria-label=\"Accuracy against FLOPs\">\n");
        Grid(svg);
        foreach (var (curve, i) in table.Rows.GroupBy(row => row.Setting.Curve).Select((curve, i) => (curve, i)))
            Curve(svg, curve.Key, [.. curve.OrderBy(row => row.FlopsRatio)], Colours[i % Colours.Length], i);
        return svg.Append("</svg>\n").ToString();
    }

    private static void Grid(StringBuilder svg)
    {
        for (var step = 0; step <= 10; step += 2)
        {
            var share = step / 10.0;
            svg.Append(CultureInfo.InvariantCulture, $"<line class=\"grid\" x1=\"{Left}\" x2=\"{Width - Right}\" y1=\"{Y(share):0.0}\" y2=\"{Y(share):0.0}\"/>");
            svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{Left - 8}\" y=\"{Y(share) + 4:0.0}\" text-anchor=\"end\">{share:P0}</text>\n");
        }
        foreach (var share in s_costs)
            svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{X(share):0.0}\" y=\"{Height - Bottom + 18}\" text-anchor=\"middle\">{share:P0}</text>\n");
        svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{(Left + Width - Right) / 2}\" y=\"{Height - 8}\" text-anchor=\"middle\">FLOPs of the prefill (Eq. 12), share of vanilla</text>\n");
    }

    private static void Curve(StringBuilder svg, string name, IReadOnlyList<TableRow> rows, string colour, int index)
    {
        var points = string.Join(' ', rows.Select(row => string.Create(CultureInfo.InvariantCulture, $"{X(row.FlopsRatio):0.0},{Y(row.All.Share):0.0}")));
        svg.Append(CultureInfo.InvariantCulture, $"<polyline points=\"{points}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>\n");
        foreach (var row in rows)
        {
            var (x, (low, high)) = (X(row.FlopsRatio), row.All.Interval);
            svg.Append(CultureInfo.InvariantCulture, $"<line x1=\"{x:0.0}\" x2=\"{x:0.0}\" y1=\"{Y(low):0.0}\" y2=\"{Y(high):0.0}\" stroke=\"{colour}\" stroke-opacity=\"0.5\"/>");
            svg.Append(CultureInfo.InvariantCulture, $"<circle cx=\"{x:0.0}\" cy=\"{Y(row.All.Share):0.0}\" r=\"4\" fill=\"{colour}\"><title>{WebUtility.HtmlEncode(row.Setting.Name)}: {row.All.Share:P1}</title></circle>\n");
        }
        var (keyX, keyY) = (Width - Right + 16, Top + 14 + 20 * index);
        svg.Append(CultureInfo.InvariantCulture, $"<rect x=\"{keyX}\" y=\"{keyY - 10}\" width=\"12\" height=\"12\" rx=\"2\" fill=\"{colour}\"/>");
        svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{keyX + 18}\" y=\"{keyY}\">{WebUtility.HtmlEncode(name)}</text>\n");
    }

    // By powers: what matters lies between a hundredth and a third.
    private static double X(double share) =>
        Left + (1 - Math.Log(Math.Clamp(share, s_costs[0], 1)) / Math.Log(s_costs[0])) * (Width - Left - Right);

    private static double Y(double share) => Height - Bottom - share * (Height - Top - Bottom);
}
