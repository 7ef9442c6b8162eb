namespace HieraVid.Models.Tokenization;

/// <summary>A prompt as ids, with placeholders where the videos' tokens go.</summary>
/// <param name="Ids">The ids; <see cref="VideoPlaceholder"/> stands once for each video.</param>
/// <param name="VideoPositions">The indices of the placeholders in <paramref name="Ids"/>, ascending.</param>
public sealed record PromptTokens(IReadOnlyList<int> Ids, IReadOnlyList<int> VideoPositions)
{
    /// <summary>The pseudo id of a placeholder: no token has a negative id, so no text can produce it.</summary>
    public const int VideoPlaceholder = -200;
}
