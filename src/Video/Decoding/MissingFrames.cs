using System.Globalization;

namespace HieraVid.Video;

/// <summary>The samples of a plan that could not be decoded.</summary>
/// <param name="Planned">Samples in the plan.</param>
/// <param name="Gaps">The missing ones, in order; at least one gap.</param>
public sealed record MissingFrames(int Planned, IReadOnlyList<MissingRange> Gaps)
{
    /// <summary>How many samples are missing.</summary>
    public int Count => Gaps.Sum(g => g.Count);

    /// <summary>Position of the first missing sample in the plan.</summary>
    public int FirstSample => Gaps[0].FirstSample;

    /// <summary>When the last sample before the first gap is shown; the first missing one's time if there is none.</summary>
    public double LastGoodSeconds => Gaps[0].FromSeconds;

    /// <summary>When the first sample behind the last gap is shown, or the plan's last sample.</summary>
    public double UntilSeconds => Gaps[^1].UntilSeconds;

    /// <summary>When the gaps are, in words: "between 12.00 s and 15.00 s, between 20.00 s and 21.00 s".</summary>
    public string Times => string.Join(", ", Gaps.Select(g =>
        string.Create(CultureInfo.InvariantCulture, $"between {g.FromSeconds:F2} s and {g.UntilSeconds:F2} s")));
}

/// <summary>Consecutive samples that could not be decoded.</summary>
/// <param name="FirstSample">Position of the first one in the plan.</param>
/// <param name="Count">How many.</param>
/// <param name="FromSeconds">When the last sample before them is shown; the first missing one's time if there is
/// none.</param>
/// <param name="UntilSeconds">When the first sample behind them is shown; the last missing one's time if there is none.</param>
public sealed record MissingRange(int FirstSample, int Count, double FromSeconds, double UntilSeconds);
