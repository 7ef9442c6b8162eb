using System.Globalization;
using HieraVid.Train.Data;
using HieraVid.World;
using HieraVid.World.Questions;

namespace HieraVid.Train;

/// <summary>Accuracy on videos of the validation split, rendered and not encoded: quick, and always the same ones.</summary>
internal static class Validation
{
    private const int BatchSize = 8, Questions = 12;

    /// <summary>"all 0.812, Colour 0.900 (30), …".</summary>
    internal static string Run(Trainer trainer, Stage stage, int videos)
    {
        var results = new List<(QuestionKind Kind, bool Right)>();
        for (var first = 0; first < videos; first += BatchSize)
        {
            var plan = new BatchPlan(
                first, Split.Validation, VideoOptions.TrainingTextures, Math.Min(BatchSize, videos - first), stage.MaxFrames,
                Questions, stage.MaxFrames);
            var right = trainer.Answer(plan, stage, out var batch);
            results.AddRange(batch.Answers.Zip(right, (answer, isRight) => (answer.Question.Kind, isRight)));
        }
        var kinds = results.GroupBy(result => result.Kind).OrderBy(group => group.Key)
            .Select(group => Text($"{group.Key}", [.. group.Select(result => result.Right)]));
        return string.Join(", ", kinds.Prepend(Text("all", [.. results.Select(result => result.Right)])));
    }

    private static string Text(string name, IReadOnlyList<bool> right) => string.Create(
        CultureInfo.InvariantCulture, $"{name} {right.Count(r => r) / (double)right.Count:F3} ({right.Count})");
}
