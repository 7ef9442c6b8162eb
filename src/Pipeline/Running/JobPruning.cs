using HieraVid.Models.Llava;
using HieraVid.Models.Qwen2;
using HieraVid.Pipeline.Jobs;
using HieraVid.Pruning;
using HieraVid.Torch;
using static TorchSharp.torch;

namespace HieraVid.Pipeline.Running;

/// <summary>
/// Carries the visual tokens of one job from the encoder into the decoder, and a pruning method's steps with them: summarise
/// each chunk, plan once, apply, and the hook inside the layers. Without a schedule every token goes through.
/// </summary>
internal sealed class JobPruning(PruningSchedule? schedule, HieraVidOptions options, StageClock clock) : IDisposable
{
    private readonly List<TokenChunk> _chunks = [];
    private readonly List<ChunkSummary> _summaries = [];
    private readonly List<StageSelection> _selections = [];
    private readonly List<int[]> _originsAfter = [];
    private VideoShape _shape = new(0, 0, 0);

    // The visual tokens that are still there: their indices in the video, and their rows in the decoder's sequence.
    private int[] _origins = [];
    private int[] _rows = [];

    /// <summary>What was decided for the whole video; null without pruning.</summary>
    internal HieraVidPlan? Plan { get; private set; }

    /// <summary>Visual tokens before any pruning.</summary>
    internal int Tokens => _shape.Tokens;

    /// <summary>Visual tokens after merging and after each stage inside the model that ran.</summary>
    internal IReadOnlyList<int[]> OriginsAfter => _originsAfter;

    /// <summary>What the stages inside the model decided.</summary>
    internal IReadOnlyList<StageSelection> Selections => _selections;

    /// <summary>What the chunks said.</summary>
    internal IReadOnlyList<ChunkSummary> Summaries => _summaries;

    /// <summary>Takes a chunk's tokens, in order.</summary>
    /// <param name="tokens">[f, P, D]; owned from here on.</param>
    internal void Add(Tensor tokens)
    {
        using var lap = clock.Measure(JobStage.Prune);
        using var scope = NewDisposeScope();
        var previous = _chunks.Count == 0
            ? null
            : _chunks[^1].Tokens.select(0, _chunks[^1].FrameCount - 1);
        var chunk = new TokenChunk(_shape.Frames, tokens, previous);
        if (schedule is not null)
            _summaries.Add(HieraVidMethod.Summarise(chunk, options));
        _chunks.Add(chunk with { Previous = null });
        _shape = new VideoShape(_shape.Frames + chunk.FrameCount, chunk.Positions, chunk.Width);
    }

    /// <summary>All tokens that enter the decoder, [n₀, D], with their token indices; the chunks are freed.</summary>
    internal (Tensor Values, int[] Origins) Enter()
    {
        using var lap = clock.Measure(JobStage.Prune);
        using var scope = NewDisposeScope();
        Tensor values;
        if (schedule is null)
        {
            values = TensorData.Concatenate([.. _chunks.Select(chunk => chunk.Tokens)]).reshape(_shape.Tokens, _shape.Width);
            _origins = [.. Enumerable.Range(0, _shape.Tokens)];
        }
        else
        {
            var plan = Plan = HieraVidMethod.Plan(_summaries, options, schedule);
            var merged = MergedTokens.Join([.. _chunks.Select(chunk => HieraVidMethod.Apply(chunk, plan))]);
            (values, _origins) = (merged.Values, merged.Origins);
        }
        _originsAfter.Add(_origins);
        Free();
        return (values.MoveToOuterDisposeScope(), _origins);
    }

    /// <summary>The hook for the decoder.</summary>
    /// <param name="videoStart">Tokens of the prompt before the video.</param>
    /// <param name="video">The video as it was put into the prompt.</param>
    /// <param name="onLayer">Told of every layer that begins.</param>
    internal LayerHook Hook(int videoStart, VideoSequence video, Action<int> onLayer)
    {
        _rows = [.. video.VisualRows.Select(row => videoStart + row)];
        return new LayerHook(
            layer =>
            {
                onLayer(layer);
                return StageOf(layer) > 0;
            },
            (layer, hidden, attention) => Keep(StageOf(layer), hidden, attention));
    }

    /// <summary>Frees the tokens that are still held.</summary>
    public void Dispose() => Free();

    private int StageOf(int layer)
    {
        if (schedule is null)
            return 0;
        for (var stage = 1; stage < schedule.Ratios.Count; stage++)
        {
            if (schedule.Layers[stage - 1] == layer && schedule.Ratios[stage] > 0)
                return stage;
        }
        return 0;
    }

    private long[] Keep(int stage, Tensor hidden, Tensor attention)
    {
        using var lap = clock.Measure(JobStage.Prune);
        using var scope = NewDisposeScope();
        var rows = TensorData.From<long>([.. _rows.Select(row => (long)row)], _rows.Length).to(hidden.device);
        var selection = HieraVidMethod.Prune(
            Plan!, stage, _origins, hidden.index_select(0, rows), attention.index_select(1, rows));
        _selections.Add(selection);
        _origins = selection.KeptOrigins();
        _originsAfter.Add(_origins);

        var dropped = new HashSet<int>(_rows);
        dropped.ExceptWith(selection.Kept.Select(row => _rows[row]));
        var kept = Enumerable.Range(0, (int)hidden.shape[0]).Where(row => !dropped.Contains(row)).ToList();
        // Where the kept tokens stand from now on: kept is ascending, so its positions are found by bisection.
        _rows = [.. selection.Kept.Select(row => kept.BinarySearch(_rows[row]))];
        return [.. kept.Select(row => (long)row)];
    }

    private void Free()
    {
        foreach (var chunk in _chunks)
            chunk.Tokens.Dispose();
        _chunks.Clear();
    }
}
