using HieraVid.Torch;
using static TorchSharp.torch;

namespace HieraVid.Pruning.Tests;

/// <summary>Visual tokens made up for tests: seeded, with the structure that real videos have, or with none.</summary>
internal static class TestVideo
{
    /// <summary>What a test goes through by name.</summary>
    public static readonly string[] Kinds =
    [
        "scenes", "identical frames", "all different", "black", "zero tokens", "not a number", "wide range", "one frame",
    ];

    /// <summary>[F][P][D].</summary>
    public static float[][][] Make(
        string kind, int frames = 67, int positions = 9, int width = 24, int seed = 1) =>
        kind switch
        {
            "scenes" => Scenes(frames, positions, width, new Random(seed)),
            "identical frames" => Repeat(Scenes(1, positions, width, new Random(seed))[0], frames),
            "all different" => Random(frames, positions, width, new Random(seed)),
            "black" => Repeat([.. Enumerable.Repeat(Random(1, 1, width, new Random(seed))[0][0], positions)], frames),
            "zero tokens" => Spoil(Scenes(frames, positions, width, new Random(seed)), 0, new Random(seed)),
            "not a number" => Spoil(Scenes(frames, positions, width, new Random(seed)), float.NaN, new Random(seed)),
            "wide range" => Scale(Scenes(frames, positions, width, new Random(seed)), new Random(seed)),
            "one frame" => Scenes(1, positions, width, new Random(seed)),
            _ => throw new ArgumentException(kind, nameof(kind)),
        };

    /// <summary>[F, P, D].</summary>
    public static Tensor ToTensor(float[][][] tokens, ScalarType type) => TensorData
        .From<float>([.. tokens.SelectMany(frame => frame).SelectMany(token => token)],
            tokens.Length, tokens[0].Length, tokens[0][0].Length).to(type);

    /// <summary>Cuts a video after every <paramref name="size"/> frames.</summary>
    public static List<TokenChunk> Cut(Tensor tokens, int size)
    {
        var chunks = new List<TokenChunk>();
        for (var first = 0; first < tokens.shape[0]; first += size)
        {
            var count = Math.Min(size, tokens.shape[0] - first);
            // Clones: a real chunk is a tensor of its own.
            var previous = first == 0 ? null : tokens.select(0, first - 1).clone();
            chunks.Add(new TokenChunk(first, tokens.narrow(0, first, count).clone(), previous));
        }
        return chunks;
    }

    // Scenes of 3 to 20 frames; a third of the positions stand still, a third drift, a third change.
    private static float[][][] Scenes(int frames, int positions, int width, Random random)
    {
        var video = new float[frames][][];
        for (int f = 0, left = 0; f < frames; f++, left--)
        {
            var cut = f == 0 || left == 0;
            left = cut ? random.Next(3, 20) : left;
            video[f] = Random(1, positions, width, random)[0];
            for (var p = 0; p < positions && f > 0; p++)
            {
                var fresh = p % 3 == 0 ? 0 : p % 3 == 1 ? 0.3f : cut ? 1 : 0.7f;
                // One position stands still even across cuts.
                var before = video[f - 1][p];
                if (!cut || p == 0)
                    video[f][p] = [.. video[f][p].Select((x, d) => fresh * x + (1 - fresh) * before[d])];
            }
        }
        return video;
    }

    private static float[][][] Random(int frames, int positions, int width, Random random) =>
    [
        .. Enumerable.Range(0, frames).Select(_ => Enumerable.Range(0, positions)
            .Select(_ => Enumerable.Range(0, width)
                .Select(_ => (float)(random.NextDouble() * 2 - 1)).ToArray()).ToArray()),
    ];

    private static float[][][] Repeat(float[][] frame, int frames) => [.. Enumerable.Repeat(frame, frames)];

    private static float[][][] Spoil(float[][][] video, float value, Random random)
    {
        for (var i = 0; i < video.Length / 4; i++)
        {
            var frame = video[random.Next(video.Length)];
            var p = random.Next(frame.Length);
            frame[p] = [.. Enumerable.Repeat(value, frame[p].Length)];
        }
        return video;
    }

    // Float64 sums of such values are not exact: their order would show.
    private static float[][][] Scale(float[][][] video, Random random) =>
    [
        .. video.Select(frame => frame
            .Select(token => token.Select(x => MathF.ScaleB(x, random.Next(-30, 31))).ToArray()).ToArray()),
    ];

    /// <summary>Plans a video for a window with room for everything.</summary>
    public static HieraVidPlan Plan(this HieraVidMethod method, IReadOnlyList<TokenChunk> chunks, int room = int.MaxValue) =>
        method.Plan([.. chunks.Select(method.Summarise)], room);

    /// <summary>One stage inside the model.</summary>
    public static StageSelection Prune(this HieraVidPlan plan, int stage, int[] origins, Tensor hidden, Tensor attention) =>
        new HieraVidMethod(plan.Options, plan.Schedule).Select(
            plan, new LayerPoint(stage is >= 1 and <= 3 ? plan.Schedule.Layers[stage - 1] : -1, LayerPlace.AfterAttention), [],
            new LayerTokenStates(origins, hidden, attention));
}
