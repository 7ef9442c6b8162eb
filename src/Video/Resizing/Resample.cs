namespace HieraVid.Video;

/// <summary>How a picture is resized.</summary>
public enum Resample
{
    /// <summary>Linear interpolation, widened when shrinking.</summary>
    Bilinear,

    /// <summary>Cubic interpolation with a = -0.5, widened when shrinking; what the models were trained with.</summary>
    Bicubic,
}
