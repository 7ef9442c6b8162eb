namespace HieraVid.Evaluation.Answers;

/// <summary>A share of right answers with its uncertainty.</summary>
/// <param name="Right">Right answers.</param>
/// <param name="Total">All answers.</param>
public readonly record struct Accuracy(int Right, int Total)
{
    private const double Z = 1.959963984540054; // 95 %

    /// <summary>The share; NaN of none.</summary>
    public double Share => (double)Right / Total;

    /// <summary>
    /// The 95 % score interval of Wilson (1927): unlike the share plus or minus two deviations it stays within 0 and 1, and does
    /// not shrink to nothing where all answers are right.
    /// </summary>
    public (double Low, double High) Interval
    {
        get
        {
            double n = Total, p = Share, z2 = Z * Z;
            var centre = (p + z2 / (2 * n)) / (1 + z2 / n);
            var half = Z / (1 + z2 / n) * Math.Sqrt(p * (1 - p) / n + z2 / (4 * n * n));
            return (Math.Max(0, centre - half), Math.Min(1, centre + half));
        }
    }
}
