using System.Diagnostics;
using HieraVid.Pruning;
using static TorchSharp.torch;

namespace HieraVid.Bench.Workers;

/// <summary>
/// A pruning method alone, on made-up tokens of a 7B model: summaries, plan, what is kept before the model, and its choices at
/// each point inside. The peers make the same tokens from the same seed (peers/video_tokens.py).
/// </summary>
internal static class MethodPruning
{
    internal const int Width = 3584;

    private const int ChunkFrames = 16;
    private const int SceneFrames = 8;
    private const int Layers = 28;
    private const int FeatureWidth = 1152;
    internal const double Budget = 0.25;

    internal static Func<Dictionary<string, double>> SetUp(string name, int frames, int positions)
    {
        var method = PruningMethods.Create(name, Budget, new Dictionary<string, string>(), new ModelTraits(Layers));
        var chunks = Chunks(method, frames, positions);
        return () =>
        {
            using var scope = NewDisposeScope();
            var clock = Stopwatch.StartNew();
            var plan = method.Plan([.. chunks.Select(method.Summarise)], int.MaxValue);
            var planned = clock.Elapsed.TotalSeconds;
            var entered = BackwardPass.Run(method, plan, chunks);
            var merged = clock.Elapsed.TotalSeconds;
            var (alive, inside) = (entered.Origins, 0.0);
            var (hidden, selections) = (entered.Values, new List<LayerSelection>());
            for (var layer = 0; layer < Layers; layer++)
            {
                foreach (var place in Enum.GetValues<LayerPlace>())
                    inside += Select(method, plan, new LayerPoint(layer, place), selections, ref alive, ref hidden);
            }
            return new Dictionary<string, double>
            {
                ["seconds"] = merged + inside,
                ["planSeconds"] = planned,
                ["applySeconds"] = merged - planned,
                ["insideSeconds"] = inside,
                ["entered"] = entered.Origins.Length,
                ["left"] = alive.Length,
            };
        };
    }

    // The seconds that the choice took; made-up attention is not part of it.
    private static double Select(
        PruningMethod method, PruningPlan plan, LayerPoint point, List<LayerSelection> selections, ref int[] alive, ref Tensor hidden)
    {
        var need = method.Wants(plan, point, selections);
        if (need == LayerNeed.Nothing)
            return 0;
        var attention = need == LayerNeed.HiddenAndAttention ? rand([28, alive.Length], ScalarType.Float32) : null;
        var clock = Stopwatch.StartNew();
        var selection = method.Select(plan, point, selections, new LayerTokenStates(alive, hidden, attention));
        var seconds = clock.Elapsed.TotalSeconds;
        selections.Add(selection);
        hidden = selection.Hidden ?? hidden.index_select(0, Torch.TensorData.From<long>([.. selection.Kept], selection.Kept.Length));
        alive = selection.KeptOrigins();
        return seconds;
    }

    // Scenes of 8 frames; within one, neighbouring frames have a cosine of 0.92.
    internal static List<TokenChunk> Chunks(PruningMethod method, int frames, int positions)
    {
        manual_seed(0);
        var tokens = Noisy(frames, [positions, Width]).to(ScalarType.BFloat16);
        var signals = method.Signals.ToDictionary(signal => signal, signal => signal switch
        {
            VisionSignal.FrameFeature => Noisy(frames, [FeatureWidth]),
            VisionSignal.Keys => Noisy(frames, [positions, 72]),
            VisionSignal.WideKeys => Noisy(frames, [positions, FeatureWidth]),
            _ => rand([frames, positions], ScalarType.Float32),
        });
        var chunks = new List<TokenChunk>();
        for (var first = 0; first < frames; first += ChunkFrames)
        {
            var count = Math.Min(ChunkFrames, frames - first);
            chunks.Add(new TokenChunk(first, tokens.narrow(0, first, count).clone(), first == 0 ? null : tokens.select(0, first - 1))
            {
                Signals = signals.ToDictionary(signal => signal.Key, signal => signal.Value.narrow(0, first, count).clone()),
            });
        }
        return chunks;
    }

    private static Tensor Noisy(int frames, long[] shape)
    {
        using var scope = NewDisposeScope();
        var scenes = randn([(frames + SceneFrames - 1) / SceneFrames, .. shape]);
        var all = new List<Tensor>();
        for (var f = 0; f < frames; f++)
            all.Add(scenes.select(0, f / SceneFrames) + randn(shape) * 0.3);
        return stack(all, 0).MoveToOuterDisposeScope();
    }
}
