using System.Text.Json;
using System.Text.Json.Serialization;
using HieraVid.World.Questions;

namespace HieraVid.Train;

/// <summary>A stretch of training with one kind of batches.</summary>
/// <param name="Name">For the log.</param>
/// <param name="Steps">Its length.</param>
/// <param name="Batch">Videos per step.</param>
/// <param name="MinFrames">The shortest videos, in frames; one frame is one second.</param>
/// <param name="MaxFrames">The longest videos.</param>
/// <param name="Questions">Questions per video; 0 trains tower and projector alone, on cell labels.</param>
/// <param name="Rate">The learning rate at the beginning.</param>
/// <param name="FinalRate">The learning rate at the end; a cosine leads there.</param>
/// <param name="LabelWeight">The weight of the cell labels' loss beside the answers'.</param>
/// <param name="MaxSlots">
/// Videos take the position ids of frames picked from up to so many, so that later positions are trained too; 0: none skipped.
/// </param>
/// <param name="Layers">
/// The decoder layers that take part; null for all. The others do nothing until a stage has them: they begin with zeros in what
/// they add to the residual stream.
/// </param>
/// <param name="FreezeTower">Whether tower and projector stay as they are.</param>
/// <param name="Crowded">Whether the pictures are crowded.</param>
/// <param name="Kinds">
/// The kinds of questions; null for all. Crowded pictures that are asked for looks alone give many lookups per picture, of which
/// mixed questions have few.
/// </param>
internal sealed record Stage(
    string Name, int Steps, int Batch, int MinFrames, int MaxFrames, int Questions, double Rate, double FinalRate,
    double LabelWeight = 0, int MaxSlots = 0, IReadOnlyList<int>? Layers = null, bool FreezeTower = false, bool Crowded = false,
    IReadOnlyList<QuestionKind>? Kinds = null);

/// <summary>The whole course of a training, from a JSON file.</summary>
/// <param name="Seed">Of weights and data.</param>
/// <param name="WarmUp">Steps in which the learning rate rises from 0.</param>
/// <param name="Shards">Parts of each batch that are worked on side by side; part of the recipe, as sums depend on it.</param>
/// <param name="Stages">One after the other.</param>
internal sealed record Recipe(long Seed, int WarmUp, int Shards, IReadOnlyList<Stage> Stages)
{
    private static readonly JsonSerializerOptions Format = new()
    {
        PropertyNameCaseInsensitive = true,
        Converters = { new JsonStringEnumConverter() },
    };

    /// <summary>Steps of all stages.</summary>
    internal int Steps => Stages.Sum(stage => stage.Steps);

    /// <summary>The decoder layers that the first stage with questions has; null for all.</summary>
    internal IReadOnlyList<int>? FirstLayers => Stages.FirstOrDefault(stage => stage.Questions > 0)?.Layers;

    internal static Recipe Load(string path) =>
        JsonSerializer.Deserialize<Recipe>(File.ReadAllText(path), Format) ?? throw new InvalidDataException($"{path} holds no recipe.");

    /// <summary>The stage of a step, counted from 0, and the learning rate there.</summary>
    internal (Stage Stage, double Rate) At(long step)
    {
        var begin = 0L;
        foreach (var stage in Stages)
        {
            if (step < begin + stage.Steps)
            {
                var share = (step - begin) / (double)stage.Steps;
                var rate = stage.FinalRate + (stage.Rate - stage.FinalRate) * 0.5 * (1 + Math.Cos(Math.PI * share));
                return (stage, rate * Math.Min(1, (step + 1.0) / WarmUp));
            }
            begin += stage.Steps;
        }
        return (Stages[^1], Stages[^1].FinalRate);
    }
}
