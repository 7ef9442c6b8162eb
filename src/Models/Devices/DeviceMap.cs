namespace HieraVid.Models.Devices;

/// <summary>
/// Which devices a model is spread over, as it was asked for: a list of devices, over which the layers are spread by memory, or a
/// device for every range of layers. <see cref="Place"/> settles it for one model.
/// </summary>
public sealed class DeviceMap
{
    /// <summary>The option of the command line.</summary>
    public const string Option = "--device-map";

    private const string Auto = "auto";
    private const string VisionPart = "vision";

    private readonly string _text;
    private readonly IReadOnlyList<DecoderStage>? _stages;
    private readonly NamedDevice? _vision;

    private DeviceMap(string text, IReadOnlyList<NamedDevice> devices, NamedDevice? vision = null, IReadOnlyList<DecoderStage>? stages = null)
    {
        (_text, Devices, _vision, _stages) = (text, devices, vision, stages);
    }

    /// <summary>The devices that it names.</summary>
    public IReadOnlyList<NamedDevice> Devices { get; }

    /// <summary>Reads the option.</summary>
    /// <param name="text">
    /// <c>auto</c> (all GPUs), a list of devices (<c>cuda:0,cuda:1</c>, or <c>cpu:2</c> for two logical devices of the CPU), or
    /// parts (<c>vision=cuda:0,0-13=cuda:0,14-27=cuda:1</c>). Where a map has no <c>vision</c>, the tower is with the first layer.
    /// </param>
    /// <exception cref="ModelException">The text is of another form, a part is there twice, or a device is not here.</exception>
    public static DeviceMap Parse(string text)
    {
        if (text == Auto)
            return new DeviceMap(text, NamedDevice.AllCuda(Option));
        if (!text.Contains('=', StringComparison.Ordinal))
            return new DeviceMap(text, NamedDevice.ParseList(text, Option));
        var stages = new List<DecoderStage>();
        NamedDevice? vision = null;
        foreach (var word in text.Split(',', StringSplitOptions.TrimEntries))
        {
            if (word.Split('=') is not [var part, var name])
                throw Refuse($"'{word}' is no part: write vision=DEVICE or FIRST-LAST=DEVICE");
            var device = NamedDevice.Parse(name, Option);
            if (part == VisionPart)
                vision = vision is null ? device : throw Refuse("vision is in it twice");
            else
                stages.Add(Range(part) is { } range
                    ? new DecoderStage(device, range.First, range.Last)
                    : throw Refuse($"'{part}' is no part: write vision, or layers as 0-13 or 5"));
        }
        if (stages.Count == 0)
            throw Refuse("it has no layers: write them as 0-13=DEVICE");
        stages.Sort((a, b) => a.First.CompareTo(b.First));
        for (var i = 1; i < stages.Count; i++)
        {
            if (stages[i].First <= stages[i - 1].Last)
                throw Refuse($"layer {stages[i].First} is on two devices");
        }
        return new DeviceMap(text, [.. stages.Select(stage => stage.Device).Concat(vision is null ? [] : [vision]).Distinct()], vision, stages);

        ModelException Refuse(string why) => ModelException.Option(Option, text, why);
    }

    /// <summary>A map that spreads a model over these devices by memory.</summary>
    public static DeviceMap Over(IReadOnlyList<NamedDevice> devices) => new(string.Join(',', devices), devices);

    /// <summary>Settles the map for a model.</summary>
    /// <param name="sizes">The model's parts.</param>
    /// <exception cref="ModelException">The map leaves layers out, or has some that the model lacks.</exception>
    public Placement Place(PartSizes sizes)
    {
        if (_stages is null)
            return LayerSpread.Of(sizes, Devices, DeviceMemory.Of(Devices));
        var next = 0;
        foreach (var stage in _stages)
        {
            if (stage.First > next)
                throw LeftOut(next, stage.First - 1);
            next = stage.Last + 1;
        }
        if (next < sizes.Layers.Count)
            throw LeftOut(next, sizes.Layers.Count - 1);
        if (next > sizes.Layers.Count)
            throw ModelException.Option(Option, _text, $"the model has the layers 0-{sizes.Layers.Count - 1} only");
        var layers = _stages.SelectMany(stage => Enumerable.Repeat(stage.Device, stage.Count)).ToList();
        return new Placement(_vision ?? layers[0], layers);
    }

    /// <summary>As it was given.</summary>
    public override string ToString() => _text;

    private ModelException LeftOut(int first, int last) => ModelException.Option(Option, _text,
        first == last ? $"layer {first} is on no device" : $"layers {first}-{last} are on no device");

    private static (int First, int Last)? Range(string part)
    {
        int? Number(string word) => NamedDevice.Ordinal(word, "");
        return part.Split('-') switch
        {
            [var one] when Number(one) is { } layer => (layer, layer),
            [var from, var to] when Number(from) is { } first && Number(to) is { } last && first <= last => (first, last),
            _ => null,
        };
    }
}
