using System.Globalization;

namespace HieraVid.Video;

/// <summary>LLaVA-Video's frames, and the times that its prompt tells the model.</summary>
/// <param name="Indices">The frames.</param>
/// <param name="TimesSeconds">The times by the reference's arithmetic (index over rate), not by the container's
/// clock.</param>
/// <param name="VideoSeconds">The video's length by the same arithmetic.</param>
public sealed record LlavaVideoSample(int[] Indices, double[] TimesSeconds, double VideoSeconds)
{
    /// <summary>Any frames of a video, with their times by that arithmetic.</summary>
    /// <param name="indices">The frames.</param>
    /// <param name="total">Frames in the video.</param>
    /// <param name="averageFps">Average frames per second.</param>
    public static LlavaVideoSample Of(int[] indices, int total, double averageFps) =>
        new(indices, Array.ConvertAll(indices, i => i / averageFps), total / averageFps);

    /// <summary>The times as the prompt writes them.</summary>
    public string FrameTimes =>
        string.Join(",", TimesSeconds.Select(t => t.ToString("F2", CultureInfo.InvariantCulture) + "s"));

    /// <summary>The instruction that goes between the video and the question. No space after its second full stop: so
    /// the model was trained.</summary>
    public string TimeInstruction => string.Create(CultureInfo.InvariantCulture,
        $"The video lasts for {VideoSeconds:F2} seconds, and {Indices.Length} frames are uniformly sampled from it. ") +
        $"These frames are located at {FrameTimes}.Please answer the following questions related to this video.";
}
