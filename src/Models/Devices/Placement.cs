namespace HieraVid.Models.Devices;

/// <summary>Layers that follow each other on one device.</summary>
/// <param name="Device">The device.</param>
/// <param name="First">The first layer.</param>
/// <param name="Last">The last one, inclusive.</param>
public sealed record DecoderStage(NamedDevice Device, int First, int Last)
{
    /// <summary>Layers.</summary>
    public int Count => Last - First + 1;

    /// <summary>As a device map has it: <c>0-13=cuda:0</c>.</summary>
    public override string ToString() => First == Last ? $"{First}={Device}" : $"{First}-{Last}={Device}";
}

/// <summary>Where each part of one model is. Keys and values of a layer are where the layer is.</summary>
/// <param name="Vision">The tower, the projector and the newline token; visual tokens are pruned there before they enter the decoder.</param>
/// <param name="Layers">The decoder's layers. The embedding is with the first, the final norm and the head with the last.</param>
public sealed record Placement(NamedDevice Vision, IReadOnlyList<NamedDevice> Layers)
{
    /// <summary>Where the decoder begins.</summary>
    public NamedDevice First => Layers[0];

    /// <summary>Where it ends.</summary>
    public NamedDevice Last => Layers[^1];

    /// <summary>The decoder's stages in order: a new one begins where the device changes.</summary>
    public IReadOnlyList<DecoderStage> Stages
    {
        get
        {
            var stages = new List<DecoderStage>();
            for (var i = 0; i < Layers.Count; i++)
            {
                if (i > 0 && Layers[i] == Layers[i - 1])
                    stages[^1] = stages[^1] with { Last = i };
                else
                    stages.Add(new DecoderStage(Layers[i], i, i));
            }
            return stages;
        }
    }

    /// <summary>The devices, in the order in which a video's tokens reach them.</summary>
    public IReadOnlyList<NamedDevice> Devices => [.. Layers.Prepend(Vision).Distinct()];

    /// <summary>Everything on one device.</summary>
    public static Placement On(NamedDevice device, int layers) => new(device, [.. Enumerable.Repeat(device, layers)]);

    /// <summary>The same as a device map.</summary>
    public override string ToString() => $"vision={Vision},{string.Join(',', Stages)}";
}
