using HieraVid.Models.Safetensors;

namespace HieraVid.Models.Llava;

/// <summary>Where the parts of a LLaVA checkpoint are, in each naming scheme (models.md, sections 2, 4 and 5).</summary>
/// <param name="Tower">Prefix of the vision tower.</param>
/// <param name="ProjectorFirst">The projector's first linear layer.</param>
/// <param name="ProjectorSecond">The projector's second linear layer.</param>
/// <param name="Newline">The newline token.</param>
/// <param name="Decoder">Prefix of the decoder's body.</param>
/// <param name="Head">Prefix of <c>lm_head</c>.</param>
public sealed record LlavaNames(
    string Tower, string ProjectorFirst, string ProjectorSecond, string Newline, string Decoder, string Head)
{
    /// <summary>The authors' own files.</summary>
    public static LlavaNames LmmsLab { get; } = new(
        "model.vision_tower.vision_tower.vision_model.", "model.mm_projector.0", "model.mm_projector.2",
        "model.image_newline", "model.", "");

    /// <summary>The converted "-hf" files.</summary>
    public static LlavaNames HuggingFace { get; } = new(
        "vision_tower.vision_model.", "multi_modal_projector.linear_1", "multi_modal_projector.linear_2",
        "image_newline", "language_model.model.", "language_model.");

    /// <summary>"-hf" files written by newer libraries, whose modules moved.</summary>
    public static LlavaNames HuggingFace2 { get; } = new(
        "model.vision_tower.vision_model.", "model.multi_modal_projector.linear_1", "model.multi_modal_projector.linear_2",
        "model.image_newline", "model.language_model.", "");

    /// <summary>The scheme of an open checkpoint.</summary>
    public static LlavaNames Of(LlavaNaming naming, CheckpointFolder? files) => naming switch
    {
        LlavaNaming.LmmsLab => LmmsLab,
        _ when files?.Contains(HuggingFace2.Newline) ?? false => HuggingFace2,
        _ => HuggingFace,
    };
}
