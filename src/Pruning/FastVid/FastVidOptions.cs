namespace HieraVid.Pruning;

/// <summary>FastVID's two published forms (specification, B3-B7).</summary>
public enum FastVidVariant
{
    /// <summary>For one newline per video: counts are rounded per frame, anchors belong to their own members.</summary>
    OneVision,

    /// <summary>For a newline per row: exact counts per segment, anchors stay out of their own frame's members.</summary>
    LlavaVideo,
}

/// <summary>FastVID's hyperparameters (specification, B8).</summary>
public sealed record FastVidOptions
{
    /// <summary>Which form; by default the one for the model's newlines.</summary>
    public FastVidVariant Variant { get; init; }

    /// <summary>c, the fewest segments, as far as there are frames. 8 by default (paper, section 4.1).</summary>
    public int Segments { get; init; } = 8;

    /// <summary>τ, the similarity of neighbouring frames below which a segment ends. 0.9 by default (paper).</summary>
    public double Tau { get; init; } = 0.9;

    /// <summary>d, the share of kept tokens that are merged context, in [0, 1]. 0.4 by default (paper).</summary>
    public double Context { get; init; } = 0.4;

    /// <summary>p, every how many frames one carries anchors, at least 1. 4 by default (paper).</summary>
    public int AnchorEvery { get; init; } = 4;

    /// <summary>β, the least weight of an anchor in its own mean, in [0, 1]. 0.6 by default (paper).</summary>
    public double Beta { get; init; } = 0.6;

    /// <summary>k, the nearest neighbours that make a density, at least 1. 4 by default (code).</summary>
    public int Neighbours { get; init; } = 4;

    /// <summary>The options by name, as users write them.</summary>
    /// <exception cref="PruningException">A value cannot be read or is out of range.</exception>
    public static FastVidOptions Read(MethodSettings settings, ModelTraits model)
    {
        var standard = new FastVidOptions();
        return new FastVidOptions
        {
            Variant = settings.Choice("variant",
                model.RowNewlines ? FastVidVariant.LlavaVideo : FastVidVariant.OneVision),
            Segments = settings.Integer("segments", standard.Segments, least: 1),
            Tau = settings.Number("tau", standard.Tau, -1, 2),
            Context = settings.Number("context", standard.Context, 0, 1),
            AnchorEvery = settings.Integer("anchorEvery", standard.AnchorEvery, least: 1),
            Beta = settings.Number("beta", standard.Beta, 0, 1),
            Neighbours = settings.Integer("neighbours", standard.Neighbours, least: 1),
        };
    }
}
