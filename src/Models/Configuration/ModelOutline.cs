namespace HieraVid.Models.Configuration;

/// <summary>A part of a network.</summary>
public enum ModelPart
{
    /// <summary>The vision tower.</summary>
    Tower,

    /// <summary>What brings its features to the decoder's width, and tokens beside them.</summary>
    Projector,

    /// <summary>The decoder, embedding and head included.</summary>
    Decoder,

    /// <summary>Nothing here uses it.</summary>
    Other,
}

/// <summary>What a configuration says of a network in a few numbers.</summary>
/// <param name="Name">The architecture in words.</param>
/// <param name="TowerLayers">Vision layers that are run.</param>
/// <param name="TokensPerFrame">Visual tokens per frame, newline tokens not counted; 0 where the video's size decides.</param>
public sealed record ModelOutline(string Name, int TowerLayers, int TokensPerFrame);
