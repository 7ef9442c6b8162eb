namespace HieraVid.Video;

/// <summary>Some consecutive samples of a plan, decoded and resized.</summary>
/// <param name="FirstSample">Position of the first one in the plan.</param>
/// <param name="Count">How many.</param>
/// <param name="Width">Width in pixels.</param>
/// <param name="Height">Height in pixels.</param>
/// <param name="Rgb">The pictures, uint8 [count, height, width, 3]. The receiver owns the memory.</param>
public sealed record FrameBatch(int FirstSample, int Count, int Width, int Height, ReadOnlyMemory<byte> Rgb)
{
    /// <summary>Bytes of one picture.</summary>
    public int FrameBytes => Width * Height * 3;

    /// <summary>One picture, uint8 [height, width, 3].</summary>
    /// <param name="i">Its position in the batch.</param>
    public ReadOnlyMemory<byte> Frame(int i) => Rgb.Slice(i * FrameBytes, FrameBytes);
}
