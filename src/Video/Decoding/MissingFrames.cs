namespace HieraVid.Video;

/// <summary>The samples at the end of a plan that could not be decoded.</summary>
/// <param name="FirstSample">Position of the first missing sample in the plan; those before it were delivered.</param>
/// <param name="Planned">Samples in the plan.</param>
/// <param name="LastGoodSeconds">When the last delivered sample is shown; 0 if there is none.</param>
/// <param name="UntilSeconds">When the plan's last sample is shown, or the container's declared end.</param>
public sealed record MissingFrames(int FirstSample, int Planned, double LastGoodSeconds, double UntilSeconds)
{
    /// <summary>How many samples are missing.</summary>
    public int Count => Planned - FirstSample;
}
