using HieraVid.Pruning;
using HieraVid.Torch;
using static TorchSharp.torch;

namespace HieraVid.Client.Verification;

/// <summary>
/// Golden values of whole HieraVid runs: the method as a product runs it, in chunks, with attention from the file.
/// </summary>
internal static class HieraVidRuns
{
    // Any number would do: results don't depend on it. Several chunks make the golden values cover the borders too.
    private const int ChunkFrames = 4;

    private static readonly int[] Layers = [7, 14, 21];

    internal static void Run(StepCase step)
    {
        using var scope = NewDisposeScope();
        var chunks = Chunks(step.Tensor("in.tokens"));
        foreach (var run in step.Params.GetProperty("runs").EnumerateObject())
        {
            var options = HieraVidGolden.Options(step.Params) with
            {
                Layer7 = Enum.Parse<SelectionRule>(run.Value.GetProperty("layer7").GetString()!, ignoreCase: true),
                AsShippedLastToken = run.Value.GetProperty("as_shipped_last_token").GetBoolean(),
            };
            double[] ratios = [.. run.Value.GetProperty("ratios").EnumerateArray().Select(ratio => ratio.GetDouble())];
            Run(step, run.Name, chunks, options, PruningSchedule.FromRatios(ratios, layerCount: 28));
        }
    }

    private static void Run(
        StepCase step, string name, List<TokenChunk> chunks, HieraVidOptions options, PruningSchedule schedule)
    {
        var method = new HieraVidMethod(options, schedule);
        var plan = method.Plan([.. chunks.Select(method.Summarise)], int.MaxValue);
        using var merged = BackwardPass.Run(method, plan, chunks);
        if (!options.AsShippedLastToken)
        {
            step.Compare("run.z", () => [.. plan.Segments.Select(segment => segment.Z)]);
            step.Compare("run.segment_of_frame", () => plan.SegmentOfFrame);
        }
        step.Compare($"{name}.kept0", () => merged.Origins);
        var alive = merged.Origins;
        for (var stage = 1; stage <= Layers.Length; stage++)
        {
            var attention = Rows(step.Tensor($"in.attn{Layers[stage - 1]}").transpose(0, 1), alive).transpose(0, 1);
            var hidden = Rows(Hidden(step, stage), alive);
            var point = new LayerPoint(Layers[stage - 1], LayerPlace.AfterAttention);
            var selection = method.Select(plan, point, [], new LayerTokenStates(alive, hidden, attention));
            alive = selection.KeptOrigins();
            var kept = alive;
            step.Compare($"{name}.kept{stage}", () => kept);
            step.Compare($"{name}.plan{stage}", () =>
                selection.Quotas.SelectMany(quota => new[] { quota.Segment, quota.Count, quota.Keep }));
        }
        var (prefix, suffix) = (Length(step, "prefix_len"), Length(step, "suffix_len"));
        step.Compare($"{name}.sequence3", () => Enumerable.Range(0, prefix)
            .Concat(alive.Select(token => prefix + token))
            .Concat(Enumerable.Range(prefix + plan.Shape.Tokens, suffix)));
    }

    // The hidden states of layer 14 serve every layer that has none of its own in the file.
    private static Tensor Hidden(StepCase step, int stage)
    {
        var own = $"in.hidden{Layers[stage - 1]}";
        return step.Tensor(step.Has(own) ? own : "in.hidden14");
    }

    private static List<TokenChunk> Chunks(Tensor tokens)
    {
        var chunks = new List<TokenChunk>();
        for (var first = 0; first < tokens.shape[0]; first += ChunkFrames)
        {
            var count = Math.Min(ChunkFrames, tokens.shape[0] - first);
            var previous = first == 0 ? null : tokens.select(0, first - 1);
            chunks.Add(new TokenChunk(first, tokens.narrow(0, first, count), previous));
        }
        return chunks;
    }

    private static Tensor Rows(Tensor values, int[] rows) =>
        values.index_select(0, TensorData.From<long>([.. rows], rows.Length));

    private static int Length(StepCase step, string name) => step.Params.GetProperty(name).GetInt32();
}
