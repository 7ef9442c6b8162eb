namespace HieraVid.Pipeline.Jobs;

/// <summary>The stages a user sees.</summary>
public enum JobStage
{
    /// <summary>Reading the weights.</summary>
    Load,

    /// <summary>Looking at the video.</summary>
    Probe,

    /// <summary>Decoding frames.</summary>
    Decode,

    /// <summary>Turning frames into tokens.</summary>
    Encode,

    /// <summary>Deciding which tokens to keep.</summary>
    Prune,

    /// <summary>Running the prompt.</summary>
    Prefill,

    /// <summary>Writing the answer.</summary>
    Generate,
}

/// <summary>How far a stage is.</summary>
/// <param name="Stage">The stage.</param>
/// <param name="Done">Units done: frames, layers or tokens.</param>
/// <param name="Total">Units in all; for <see cref="JobStage.Generate"/> the most there can be.</param>
/// <param name="Note">A fact worth a line, or empty.</param>
public sealed record JobProgress(JobStage Stage, int Done, int Total, string Note = "");
