namespace HieraVid.Video;

/// <summary>The size that decoded frames are brought to.</summary>
/// <param name="Width">Width in pixels.</param>
/// <param name="Height">Height in pixels.</param>
/// <param name="Resample">How. The aspect ratio is not kept and nothing is cropped: the model's size is filled.</param>
public readonly record struct FrameSize(int Width, int Height, Resample Resample = Resample.Bicubic)
{
    /// <summary>The size at which a video is stored, so that nothing is resized.</summary>
    public static FrameSize Of(VideoInfo video) => new(video.Width, video.Height);
}
