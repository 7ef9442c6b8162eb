using HieraVid.Models.Llava;
using HieraVid.Torch;
using static TorchSharp.torch;

namespace HieraVid.Bench.Workers;

/// <summary>Inputs that both sides can make without exchanging them (the peers' are in peers/inputs.py).</summary>
internal static class Inputs
{
    /// <summary>32 frames of 196 tokens.</summary>
    internal const int VisualTokens = 32 * 196;

    /// <summary>The text around them: a system line and a short question.</summary>
    internal const int TextTokens = 32;

    /// <summary>Embeddings of ids that jump through the vocabulary: [visual + text, hidden].</summary>
    internal static Tensor Prompt(LlavaModel model)
    {
        var ids = new long[VisualTokens + TextTokens];
        for (var i = 0; i < ids.Length; i++)
            ids[i] = i * 7919L % model.Config.Text.VocabularySize;
        return model.Decoder.Embed(ids);
    }

    /// <summary>Normalised patches of frames of noise: [frames, patches, 588].</summary>
    internal static Tensor Patches(LlavaModel model, int frames)
    {
        var size = model.Tower.Config.ImageSize;
        var pixels = new byte[frames * size * size * 3];
        for (var i = 0; i < pixels.Length; i++)
            pixels[i] = (byte)((uint)i * 2654435761u >> 24);
        using var scope = NewDisposeScope();
        var bytes = TensorData.From<byte>(pixels, frames, size, size, 3);
        float[] half = [0.5f, 0.5f, 0.5f];
        return model.Patches(bytes, half, half).MoveToOuterDisposeScope();
    }
}
