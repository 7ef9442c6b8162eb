using HieraVid.Models.Safetensors;

namespace HieraVid.Models.Qwen2Vl;

/// <summary>Where the parts of a checkpoint are, in the published files and in those that newer libraries write.</summary>
/// <param name="Tower">Prefix of the vision tower.</param>
/// <param name="Decoder">Prefix of the decoder's body.</param>
/// <param name="Head">Prefix of <c>lm_head</c>.</param>
internal sealed record QwenVlNames(string Tower, string Decoder, string Head)
{
    internal static QwenVlNames Published { get; } = new("visual.", "model.", "");

    private static QwenVlNames Newer { get; } = new("model.visual.", "model.language_model.", "");

    internal static QwenVlNames Of(CheckpointFolder? files) =>
        files is not null && files.Contains($"{Newer.Decoder}embed_tokens.weight") ? Newer : Published;
}
