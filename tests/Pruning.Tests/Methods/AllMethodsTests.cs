using System.Runtime.InteropServices;
using HieraVid.Torch;
using static TorchSharp.torch;

namespace HieraVid.Pruning.Tests;

/// <summary>What must hold of every method for any video, first of all that the cutting does not show.</summary>
public sealed class AllMethodsTests
{
    private const int Layers = 28;

    // Beside the defaults: settings that take another way through a method.
    private static readonly (string Name, string[] Settings)[] s_variants =
    [
        ("fastvid", ["variant=llavavideo", "anchorEvery=2", "segments=3"]),
        ("prumerge", ["adaptive=true", "order=positional"]),
        ("visionzip", ["stage=beforepool"]),
        ("holitom", ["density=0.4"]),
        ("flashvid", ["selection=div", "trueMean=true", "segments=2"]),
        ("divprune", ["scope=frame"]),
        ("cdpruner", ["relevance=none"]),
        ("prunevid", ["uncut=2", "neighbours=3"]),
        ("evs", ["positions=renumbered"]),
        ("dycoke", ["lastGroup=false"]),
        ("uniform", ["scope=frames"]),
        ("random", ["scope=frame", "seed=7"]),
    ];

    public static TheoryData<string, string> Methods()
    {
        var data = new TheoryData<string, string>();
        foreach (var name in PruningMethods.Names)
            data.Add(name, "");
        foreach (var (name, settings) in s_variants)
            data.Add(name, string.Join(' ', settings));
        return data;
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void Any_cutting_and_any_order_of_arrival_give_the_same_bits(string name, string settings)
    {
        foreach (var (kind, i) in TestVideo.Kinds.Select((kind, i) => (kind, i)))
        {
            using var scope = NewDisposeScope();
            var video = new SignalVideo(kind, i % 2 == 0 ? ScalarType.Float32 : ScalarType.BFloat16);
            var method = Create(name, settings, i % 3 == 0 ? 0.25 : 0.4);
            var whole = Run(method, video.Cut(int.MaxValue, method));
            foreach (var size in new[] { 1, 4, 16, 64 })
                AssertSame(whole, Run(method, video.Cut(size, method)), $"{kind} in chunks of {size}");
            var shuffled = video.Cut(3, method).ToArray();
            new Random(i).Shuffle(shuffled);
            AssertSame(whole, Run(method, shuffled), $"{kind}, shuffled");
        }
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void What_enters_the_model_is_of_the_video_and_in_order(string name, string settings)
    {
        foreach (var kind in TestVideo.Kinds)
        {
            using var scope = NewDisposeScope();
            var video = new SignalVideo(kind, ScalarType.Float32);
            foreach (var budget in new[] { 0.25, 0.6, 1 })
            {
                var method = Create(name, settings, budget);
                var (origins, sizes, values) = Run(method, video.Cut(8, method));
                Assert.NotEmpty(origins);
                Assert.Equal([origins.Length, 24], values.shape);
                Assert.Equal(origins.Length, sizes.Length);
                Assert.All(origins, token => Assert.InRange(token, 0, video.Tokens - 1));
                Assert.All(sizes, size => Assert.InRange(size, 1, 4 * video.Tokens));
                if (method.Positions == TokenPositions.Kept)
                    Assert.Equal(origins.Distinct().Order(), origins);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void Inside_the_model_ascending_rows_go_on_and_budgets_are_met(string name, string settings)
    {
        foreach (var kind in new[] { "scenes", "black", "not a number" })
        {
            using var scope = NewDisposeScope();
            var video = new SignalVideo(kind, ScalarType.Float32);
            var method = Create(name, settings, 0.3);
            var chunks = video.Cut(8, method);
            var plan = method.Plan([.. chunks.Select(method.Summarise)], int.MaxValue);
            var entered = BackwardPass.Run(method, plan, chunks);
            var selections = new List<LayerSelection>();
            var (alive, hidden) = (entered.Origins, entered.Values);
            var perLayer = new List<int>();
            for (var layer = 0; layer < Layers; layer++)
            {
                foreach (var place in new[] { LayerPlace.AfterAttention, LayerPlace.AfterLayer })
                {
                    var point = new LayerPoint(layer, place);
                    var need = method.Wants(plan, point, selections);
                    if (need == LayerNeed.Nothing)
                        continue;
                    var attention = need == LayerNeed.HiddenAndAttention ? rand([2, alive.Length], ScalarType.Float32) : null;
                    var selection = method.Select(plan, point, selections, new LayerTokenStates(alive, hidden, attention));
                    Assert.Equal(point, selection.Point);
                    Assert.Equal(selection.Kept.Distinct().Order(), selection.Kept);
                    Assert.All(selection.Kept, row => Assert.InRange(row, 0, alive.Length - 1));
                    hidden = selection.Hidden
                        ?? hidden.index_select(0, TensorData.From<long>([.. selection.Kept], selection.Kept.Length));
                    Assert.Equal([selection.Kept.Length, 24], hidden.shape);
                    alive = selection.KeptOrigins();
                    selections.Add(selection);
                }
                perLayer.Add(alive.Length);
            }
            // Rounding per frame of nine tokens is coarse; nothing keeps twice what was asked for. PruneVid leaves groups of up
            // to 14 alone, and an adaptive ratio is nobody's budget.
            var isFree = (name, settings) is ("none" or "streamingllm", _) or ("prunevid", "") || settings.Contains("adaptive", StringComparison.Ordinal);
            if (!isFree && kind == "scenes")
                Assert.InRange(perLayer.Average(), 1, 0.3 * 2 * video.Tokens);
        }
    }

    [Fact]
    public void A_window_without_room_is_said()
    {
        using var scope = NewDisposeScope();
        var video = new SignalVideo("scenes", ScalarType.Float32);
        foreach (var name in PruningMethods.Names.Except([PruningMethods.HieraVid]))
        {
            var method = Create(name, "", 0.3);
            var chunks = video.Cut(8, method);
            var error = Assert.Throws<PruningException>(() =>
                BackwardPass.Run(method, method.Plan([.. chunks.Select(method.Summarise)], 10), chunks));
            Assert.Contains("room for 10", error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_missing_signal_is_named()
    {
        using var scope = NewDisposeScope();
        var video = new SignalVideo("scenes", ScalarType.Float32);
        foreach (var name in PruningMethods.Names)
        {
            var method = Create(name, "", 0.3);
            if (method.Signals.Count == 0)
                continue;
            var chunks = video.Cut(8, method).Select(chunk => chunk with { Signals = new Dictionary<VisionSignal, Tensor>() }).ToArray();
            var error = Assert.Throws<PruningException>(() =>
                BackwardPass.Run(method, method.Plan([.. chunks.Select(method.Summarise)], int.MaxValue), chunks));
            Assert.StartsWith($"Method {name} needs ", error.Message, StringComparison.Ordinal);
        }
    }

    private static PruningMethod Create(string name, string settings, double budget) => PruningMethods.Create(
        name, budget, settings.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(pair => pair.Split('='))
            .ToDictionary(pair => pair[0], pair => pair[1]), new ModelTraits(Layers));

    private static (int[] Origins, int[] Sizes, Tensor Values) Run(PruningMethod method, IReadOnlyList<TokenChunk> chunks)
    {
        var plan = method.Plan([.. chunks.Select(method.Summarise)], int.MaxValue);
        var tokens = BackwardPass.Run(method, plan, chunks);
        return (tokens.Origins, tokens.GroupSizes, tokens.Values);
    }

    private static void AssertSame(
        (int[] Origins, int[] Sizes, Tensor Values) expected, (int[] Origins, int[] Sizes, Tensor Values) actual, string where)
    {
        Assert.True(expected.Origins.SequenceEqual(actual.Origins), where);
        Assert.True(expected.Sizes.SequenceEqual(actual.Sizes), where);
        Assert.True(Bits(expected.Values).SequenceEqual(Bits(actual.Values)), where);
    }

    private static ReadOnlySpan<int> Bits(Tensor tensor) => MemoryMarshal.Cast<float, int>(tensor.ToArray<float>());
}
