using HieraVid.Models;
using HieraVid.Models.Configuration;
using HieraVid.Models.Llava;
using HieraVid.Models.Safetensors;
using HieraVid.Models.Tokenization;

namespace HieraVid.Train.Tests;

public sealed class TrainerTests : IDisposable
{
    private static readonly Recipe Recipe = new(3, 2, 2,
    [
        new Stage("see", 2, 4, 1, 1, 0, 2e-3, 2e-3),
        new Stage("ask", 4, 4, 1, 3, 4, 2e-3, 2e-3, 0.5, 8, [1]),
        new Stage("grown", 3, 4, 1, 3, 4, 2e-3, 1e-3, FreezeTower: true),
    ]);

    private readonly string _folder = Directory.CreateTempSubdirectory("hieravid-train-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_training_that_was_interrupted_goes_on_as_if_it_had_not_been()
    {
        var whole = Weights("whole", Recipe.Steps);
        Weights("parts", 5);
        Assert.Equal(whole, Weights("parts", Recipe.Steps));
    }

    [Fact]
    public void The_loss_falls()
    {
        Weights("falls", Recipe.Steps);
        var losses = File.ReadLines(Path.Combine(_folder, "falls", "log.csv")).Skip(3)
            .Select(line => double.Parse(line.Split(',')[3], System.Globalization.CultureInfo.InvariantCulture)).ToList();
        Assert.Equal(7, losses.Count);
        Assert.True(losses[^1] < losses[0] - 0.5, string.Join(' ', losses));
    }

    // Trains to a step and returns the master weights.
    private float[] Weights(string name, int steps)
    {
        var folder = Path.Combine(_folder, name);
        var texts = Path.Combine(folder, "model");
        var merges = WorldModel.Merges(texts);
        var config = Small(WorldModel.Config(merges.Count));
        Exporter.WriteTexts(texts, config, merges);
        using var trainer = new Trainer(folder, Recipe, config, ByteLevelTokenizer.Load(texts), Compute.Reference, 2);
        trainer.Run(new Intervals(1, int.MaxValue, double.PositiveInfinity), steps, TestContext.Current.CancellationToken);
        using var state = SafetensorsFile.Open(Path.Combine(folder, Checkpoint.FileName));
        return state.ReadFloats(state.Tensors["master"]);
    }

    private static LlavaConfig Small(LlavaConfig config) => config with
    {
        Text = config.Text with { HiddenSize = 32, IntermediateSize = 48, LayerCount = 2 },
        Vision = config.Vision! with { HiddenSize = 32, IntermediateSize = 48, LayerCount = 1 },
    };
}
