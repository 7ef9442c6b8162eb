using System.Diagnostics;
using HieraVid.Models;
using HieraVid.Models.Llava;
using HieraVid.Models.Tokenization;
using HieraVid.Torch;
using HieraVid.Train.Data;
using HieraVid.Train.Network;
using HieraVid.Train.Optimization;
using HieraVid.World;
using static TorchSharp.torch;

namespace HieraVid.Train;

/// <summary>How often the trainer looks up from its work.</summary>
/// <param name="Log">Steps between lines of the log.</param>
/// <param name="Validate">Steps between validations.</param>
/// <param name="Save">Minutes between checkpoints.</param>
internal sealed record Intervals(int Log, int Validate, double Save);

/// <summary>Runs a recipe, from where the folder's checkpoint left off.</summary>
internal sealed class Trainer : IDisposable
{
    private readonly string _folder;
    private readonly Recipe _recipe;
    private readonly Compute _compute;
    private readonly BatchMaker _batches;
    private readonly LabelWords _words;
    private readonly WorldNetwork _network;
    private readonly ParameterSet _parameters;
    private readonly AdamW _optimizer;
    private readonly int _workers;
    private long _step;

    internal Trainer(
        string folder, Recipe recipe, LlavaConfig config, ByteLevelTokenizer tokenizer, Compute compute, int workers, string? from = null)
    {
        (_folder, _recipe, _compute, _workers) = (folder, recipe, compute, workers);
        _batches = new BatchMaker(config, tokenizer);
        _words = new LabelWords(tokenizer, config.Text.VocabularySize, compute);
        _network = new WorldNetwork(config, _words, compute);
        _parameters = new ParameterSet(WorldNetwork.Tensors(config), compute.DType, compute.Device);
        InitialWeights.Fill(_parameters, config, recipe.Seed, recipe.FirstLayers);
        if (from is not null)
            Checkpoint.Begin(from, _parameters);
        _optimizer = new AdamW(_parameters);
        _step = Checkpoint.Load(folder, _parameters, _optimizer);
    }

    /// <summary>Trains up to a step, or until cancelled; saves in either case.</summary>
    internal void Run(Intervals intervals, long until, CancellationToken cancellation)
    {
        // Here and on every thread that takes a shard: sums over several threads depend on how many there are.
        set_num_threads(1);
        var last = Stopwatch.StartNew();
        var log = new TrainingLog(Path.Combine(_folder, "log.csv"));
        var next = Prepare(_step);
        for (; _step < until && !cancellation.IsCancellationRequested; _step++)
        {
            var shards = next;
            next = Prepare(_step + 1);
            var (stage, rate) = _recipe.At(_step);
            log.Add(Step(shards, stage, rate));
            if ((_step + 1) % intervals.Log == 0)
                log.Write(_step + 1, stage.Name, rate);
            if ((_step + 1) % intervals.Validate == 0 && stage.Questions > 0)
                TrainingLog.Append(Path.Combine(_folder, "validation.csv"), _step + 1, Validation.Run(this, stage, 32));
            if (last.Elapsed.TotalMinutes < intervals.Save)
                continue;
            Checkpoint.Save(_folder, _parameters, _optimizer, _step + 1);
            last.Restart();
        }
        Checkpoint.Save(_folder, _parameters, _optimizer, _step);
    }

    /// <summary>Right answers on a batch without learning from it.</summary>
    internal IReadOnlyList<bool> Answer(BatchPlan plan, Stage stage, out Batch batch)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        batch = _batches.Make(plan);
        return Judge(_network.Forward(batch, _parameters.Leaves(), stage).Logits!, batch);
    }

    // A step's batch comes in shards, each for a thread of its own: threads that share every operation would wait for each
    // other some ten thousand times per step.
    private Task<Batch>[] Prepare(long step)
    {
        var (stage, _) = _recipe.At(step);
        var random = SeededRandom.For(_recipe.Seed + step, "batch");
        var frames = stage.MinFrames + random.Below(stage.MaxFrames - stage.MinFrames + 1);
        // Short videos in larger batches, so that steps cost about the same.
        var size = stage.Batch * 2 * stage.MaxFrames / (stage.MaxFrames + frames);
        var slots = random.Chance(0.5) ? frames : Math.Max(frames, random.Below(stage.MaxSlots + 1));
        return [.. Enumerable.Range(0, _recipe.Shards)
            .Select(_ => new BatchPlan(
                (long)(random.Next() >> 20), Split.Train, VideoOptions.TrainingTextures, Math.Max(1, size / _recipe.Shards), frames,
                stage.Questions, slots, stage.Crowded, stage.Kinds))
            .Select(plan => Task.Run(() => _batches.Make(plan)))];
    }

    private StepResult Step(Task<Batch>[] shards, Stage stage, double rate)
    {
        using var scope = NewDisposeScope();
        var watch = Stopwatch.StartNew();
        var results = new (Tensor Gradient, StepResult Result)[shards.Length];
        Parallel.For(0, shards.Length, new ParallelOptions { MaxDegreeOfParallelism = _workers }, shard =>
            results[shard] = Learn(shards[shard].GetAwaiter().GetResult(), stage));
        // In the order of the shards, so that the sum does not depend on who was first.
        var gradient = zeros(_parameters.Master.shape, float32, _compute.Device);
        foreach (var (part, _) in results)
        {
            gradient.add_(part);
            part.Dispose();
        }
        gradient.mul_(1.0 / shards.Length);
        var norm = _optimizer.Step(gradient, _step + 1, rate);
        return new StepResult(
            results.Average(result => result.Result.Loss),
            [.. Enumerable.Range(0, results.Min(result => result.Result.LabelLosses.Length)).Select(i => results.Average(result => result.Result.LabelLosses[i]))], norm,
            results.Sum(result => result.Result.Right), results.Sum(result => result.Result.Questions),
            results.Sum(result => result.Result.Videos), watch.Elapsed.TotalSeconds);
    }

    private (Tensor Gradient, StepResult Result) Learn(Batch batch, Stage stage)
    {
        using var scope = NewDisposeScope();
        set_num_threads(1);
        var leaves = _parameters.Leaves();
        var outcome = _network.Forward(batch, leaves, stage);
        outcome.Loss.backward();
        var right = outcome.Logits is { } logits ? Judge(logits, batch) : [];
        return (_parameters.Gradient(leaves).DetachFromDisposeScope(), new StepResult(
            outcome.AnswerLoss?.item<float>() ?? 0, [.. outcome.LabelLosses.detach().ToArray<float>().Select(x => (double)x)], 0, right.Count(r => r), right.Length, batch.Size, 0));
    }

    // Every token the likeliest: greedy decoding would have given this answer.
    private static bool[] Judge(Tensor logits, Batch batch)
    {
        var best = logits.detach().argmax(1).cpu();
        var ids = best.ToArray<long>();
        return [.. batch.Answers.Select(answer => Enumerable.Range(answer.FirstRow, answer.Count)
            .All(row => ids[row] == batch.Targets[row]))];
    }

    public void Dispose()
    {
        _optimizer.Dispose();
        _words.Dispose();
        _parameters.Dispose();
    }
}
