using HieraVid.Torch;
using static TorchSharp.torch;

namespace HieraVid.Models.Vision;

/// <summary>Bytes to what a tower was trained on.</summary>
public static class PixelValues
{
    /// <summary>(x / 255 − mean) / deviation, formed in float32.</summary>
    /// <param name="byChannel">uint8, [frames, patches, 3, n].</param>
    /// <param name="mean">Per channel.</param>
    /// <param name="deviation">Per channel.</param>
    /// <returns>The same shape in float32.</returns>
    public static Tensor Normalise(Tensor byChannel, IReadOnlyList<float> mean, IReadOnlyList<float> deviation)
    {
        using var scope = NewDisposeScope();
        Tensor PerChannel(IReadOnlyList<float> values) =>
            TensorData.From<float>(values.ToArray(), values.Count, 1).to(byChannel.device);
        return ((byChannel.to(float32) * (1.0 / 255) - PerChannel(mean)) / PerChannel(deviation)).MoveToOuterDisposeScope();
    }
}
