using HieraVid.Models;
using HieraVid.Models.Qwen2;
using HieraVid.Pipeline.Jobs;
using HieraVid.Pruning;
using HieraVid.Torch;
using static TorchSharp.torch;

namespace HieraVid.Pipeline.Running;

/// <summary>A method's last step in one prefill: connects it to the decoder's layers and remembers what it decided.</summary>
/// <param name="method">The method.</param>
/// <param name="plan">Its plan for the video.</param>
/// <param name="entered">The visual tokens that enter the decoder.</param>
/// <param name="clock">Charged with the time.</param>
internal sealed class PrefillPruning(PruningMethod method, PruningPlan plan, int[] entered, StageClock clock)
{
    private readonly List<LayerSelection> _selections = [];

    // The rows of the surviving tokens in the decoder's sequence.
    private int[] _rows = [];

    /// <summary>What was decided for the whole video.</summary>
    internal PruningPlan Plan => plan;

    /// <summary>The visual tokens that entered the decoder.</summary>
    internal int[] Entered { get; } = entered;

    /// <summary>What was decided inside the model.</summary>
    internal IReadOnlyList<LayerSelection> Selections => _selections;

    /// <summary>The visual tokens that reach the decoder's end.</summary>
    internal int[] Survivors { get; private set; } = entered;

    /// <summary>The hook for the decoder.</summary>
    /// <param name="videoStart">Tokens of the prompt before the video.</param>
    /// <param name="video">The video as it was put into the prompt.</param>
    /// <param name="promptTokens">Tokens of the whole prompt, the video's included.</param>
    /// <param name="onLayer">Told of every layer that begins.</param>
    internal LayerHook Hook(int videoStart, VideoSequence video, int promptTokens, Action<int> onLayer)
    {
        _rows = [.. video.VisualRows.Select(row => videoStart + row)];
        return new LayerHook(
            (layer, place) =>
            {
                if (place == HookPlace.AfterAttention)
                    onLayer(layer);
                return (HookNeed)method.Wants(plan, Point(layer, place), _selections);
            },
            Act)
        {
            Askers = method.Asking == AskingTokens.Mean ? promptTokens - videoStart - video.Indices.Count : 1,
            Window = method.Window(promptTokens) is { } window ? new KeyWindow(window.Initial, window.Local) : null,
        };
    }

    private static LayerPoint Point(int layer, HookPlace place) => new(layer, (LayerPlace)place);

    private HookResult Act(int layer, HookPlace place, Tensor hidden, Tensor? attention)
    {
        using var lap = clock.Measure(JobStage.Prune);
        using var scope = NewDisposeScope();
        var rows = Index(_rows, hidden);
        var tokens = new LayerTokenStates(Survivors, hidden.index_select(0, rows), attention?.index_select(1, rows));
        var selection = method.Select(plan, Point(layer, place), _selections, tokens);
        _selections.Add(selection);
        Survivors = selection.KeptOrigins();

        var dropped = new HashSet<int>(_rows);
        dropped.ExceptWith(selection.Kept.Select(row => _rows[row]));
        var length = (int)hidden.shape[0];
        var kept = Enumerable.Range(0, length).Where(row => !dropped.Contains(row)).ToList();
        // Where the kept tokens stand from now on: kept is ascending, so its positions are found by bisection.
        _rows = [.. selection.Kept.Select(row => kept.BinarySearch(_rows[row]))];
        long[] index = [.. kept.Select(row => (long)row)];
        if (selection.Hidden is not { } merged)
            return new HookResult(index);
        // The merged tokens' values stand behind those of the whole sequence.
        int[] from = [.. kept];
        for (var i = 0; i < _rows.Length; i++)
            from[_rows[i]] = length + i;
        var values = cat([hidden, merged.to(hidden.dtype)], 0).index_select(0, Index(from, hidden));
        return new HookResult(index, values.MoveToOuterDisposeScope());
    }

    private static Tensor Index(int[] rows, Tensor like) =>
        TensorData.From<long>([.. rows.Select(row => (long)row)], rows.Length).to(like.device);
}
