namespace HieraVid.Video;

/// <summary>The plain reference of the step after the resize, used to verify; pipelines do it on tensors.</summary>
public static class PixelNormalization
{
    /// <summary>RGB bytes [h, w, 3] to float32 [3, h, w]: (x / 255 - mean) / std.</summary>
    /// <param name="rgb">The picture.</param>
    /// <param name="mean">Mean of each channel.</param>
    /// <param name="std">Standard deviation of each channel.</param>
    public static float[] ToPlanes(ReadOnlySpan<byte> rgb, ReadOnlySpan<float> mean, ReadOnlySpan<float> std)
    {
        int pixels = rgb.Length / 3;
        float[] planes = new float[rgb.Length];
        for (int c = 0; c < 3; c++)
        {
            for (int i = 0; i < pixels; i++)
                planes[c * pixels + i] = (rgb[i * 3 + c] / 255f - mean[c]) / std[c];
        }

        return planes;
    }
}
