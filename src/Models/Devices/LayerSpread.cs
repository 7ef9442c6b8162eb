namespace HieraVid.Models.Devices;

/// <summary>Spreads a decoder's layers over devices so that the fullest device, by its share of memory, is as empty as can be.</summary>
public static class LayerSpread
{
    /// <summary>Finds the best of all ways to cut the layers into runs, one per device; a device may stay without layers.</summary>
    /// <param name="sizes">The model's parts. The tower goes to the first device.</param>
    /// <param name="devices">The devices, in order.</param>
    /// <param name="memory">Bytes that each device has.</param>
    public static Placement Of(PartSizes sizes, IReadOnlyList<NamedDevice> devices, IReadOnlyList<long> memory)
    {
        var count = sizes.Layers.Count;
        var before = new long[count + 1];
        for (var i = 0; i < count; i++)
            before[i + 1] = before[i] + sizes.Layers[i] + sizes.CachePerLayer;
        // fullest[d, i]: the least share of the fullest of the devices 0..d when they hold the layers before i; start[d, i]: where d begins.
        var fullest = new double[devices.Count, count + 1];
        var start = new int[devices.Count, count + 1];
        for (var d = 0; d < devices.Count; d++)
        {
            for (var end = 0; end <= count; end++)
            {
                fullest[d, end] = double.PositiveInfinity;
                for (var first = d == 0 ? 0 : end; first >= 0 && (d > 0 || first == 0); first--)
                {
                    var share = Math.Max(d == 0 ? 0 : fullest[d - 1, first], Load(d, first, end) / (double)memory[d]);
                    if (share < fullest[d, end])
                        (fullest[d, end], start[d, end]) = (share, first);
                }
            }
        }
        var layers = new NamedDevice[count];
        for (int d = devices.Count - 1, end = count; d >= 0; end = start[d--, end])
            Array.Fill(layers, devices[d], start[d, end], end - start[d, end]);
        return new Placement(devices[0], layers);

        long Load(int device, int first, int end)
        {
            var load = before[end] - before[first] + (device == 0 ? sizes.Vision : 0);
            if (first == end)
                return load;
            return load + (first == 0 ? sizes.Embedding : 0) + (end == count ? sizes.End(withStart: first == 0) : 0);
        }
    }
}
