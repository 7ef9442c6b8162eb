using HieraVid.Models;
using HieraVid.Pipeline;
using HieraVid.Pipeline.Jobs;
using HieraVid.Pipeline.Running;
using HieraVid.Pipeline.Tokens;
using HieraVid.Video;
using TorchSharp;

namespace HieraVid.Client.Checking;

/// <summary>Whether a device keeps the tokens that the CPU keeps, and answers the same, in float32.</summary>
internal static class SameTokens
{
    /// <summary>Asks one model the same on both, and says in a few words how the answers compare.</summary>
    /// <param name="folder">A small checkpoint.</param>
    /// <param name="compute">The device.</param>
    /// <param name="request">The question, with its pruning.</param>
    /// <param name="cancellation">Ends it.</param>
    internal static async Task<string> CompareAsync(string folder, Compute compute, JobRequest request, CancellationToken cancellation)
    {
        var here = await AskAsync(folder, Compute.Reference, request, cancellation).ConfigureAwait(false);
        var there = await AskAsync(folder, compute with { DType = torch.ScalarType.Float32, WeightBits = null }, request, cancellation).ConfigureAwait(false);
        return !here.KeptTokens.SequenceEqual(there.KeptTokens) ? "OTHER TOKENS than on the CPU (sums round differently there; compare with ask --json)"
            : here.Answer == there.Answer ? "the same tokens and answer as on the CPU"
            : "the same tokens as on the CPU, but ANOTHER ANSWER";
    }

    private static async Task<AnswerReport> AskAsync(string folder, Compute compute, JobRequest request, CancellationToken cancellation)
    {
        using var model = LoadedModel.Load(folder, compute);
        return await new LocalRunner(model, VideoLimits.Default, new StoreUse(TokenStore.Default)).RunAsync(request, cancellation: cancellation).ConfigureAwait(false);
    }
}
