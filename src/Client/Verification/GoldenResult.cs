namespace HieraVid.Client.Verification;

/// <summary>How a golden value compared.</summary>
public enum GoldenOutcome
{
    /// <summary>Within its tolerance.</summary>
    Pass,

    /// <summary>Beyond its tolerance, of another shape, or the computation failed.</summary>
    Fail,

    /// <summary>Nothing here computes it yet.</summary>
    NotCovered,
}

/// <summary>One compared value of a golden case.</summary>
/// <param name="Case">The case's folder, relative to where the run began.</param>
/// <param name="Item">What was compared.</param>
/// <param name="Error">The worst absolute difference (number of differing entries where the tolerance is exact).</param>
/// <param name="Tolerance">What is allowed.</param>
/// <param name="Outcome">Pass, fail or not covered.</param>
/// <param name="Note">Why it failed or is not covered; empty otherwise.</param>
public sealed record GoldenResult(
    string Case, string Item, double Error, double Tolerance, GoldenOutcome Outcome, string Note = "");
