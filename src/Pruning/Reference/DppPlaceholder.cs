using HieraVid.Pruning.Reference;
using HieraVid.Torch;
using static TorchSharp.torch;

#pragma warning disable CS1591 // Stands in until the fast segment DPP arrives.
namespace HieraVid.Pruning.Dpp;

public sealed record DppSegment(int[] Members, int Keep);

public sealed record DppSelection(int[] Order, float[] Gain);

public static class SegmentDpp
{
    public static IReadOnlyList<DppSelection> Select(
        Tensor features, ReadOnlySpan<float> relevance, IReadOnlyList<DppSegment> segments)
    {
        var width = (int)features.shape[1];
        var rows = features.ToArray<float>().Chunk(width).ToArray();
        var rho = relevance.ToArray();
        return [.. segments.Select(segment => ReferenceDpp.Select(rows, rho, segment.Members, segment.Keep))
            .Select(result => new DppSelection(result.Order, result.Gain))];
    }
}
