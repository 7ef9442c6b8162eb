using System.Text.Json;
using HieraVid.World.Questions;

namespace HieraVid.World.Files;

/// <summary>What a question set is made of.</summary>
/// <param name="Split">The part of the world.</param>
/// <param name="Seed">The first video's seed; the others follow.</param>
/// <param name="Videos">How many videos.</param>
/// <param name="Questions">Questions per video, at most.</param>
/// <param name="Seconds">Each video's length: sample one frame per second.</param>
/// <param name="Textures">Styles of background.</param>
public sealed record QuestionSetOptions(
    Split Split, long Seed, int Videos, int Questions, double Seconds, IReadOnlyList<Texture> Textures);

/// <summary>Writes a folder of videos and a file of questions about them.</summary>
public static class QuestionSet
{
    /// <summary>The name of the file of questions: JSON lines with <c>video</c>, <c>question</c>, <c>answer</c>, <c>kind</c>.</summary>
    public const string FileName = "questions.jsonl";

    /// <summary>Writes the set. What is there of an interrupted run is written again.</summary>
    /// <param name="folder">Made if needed.</param>
    /// <param name="options">What to write.</param>
    /// <param name="progress">Is told the number of videos written.</param>
    public static void Write(string folder, QuestionSetOptions options, IProgress<int>? progress = null)
    {
        Directory.CreateDirectory(folder);
        using var lines = new StreamWriter(Path.Combine(folder, FileName));
        for (var i = 0; i < options.Videos; i++)
        {
            var seed = options.Seed + i;
            var video = VideoGenerator.Create(seed, options.Split, new VideoOptions(options.Seconds, options.Textures));
            var name = $"{Words.Of(options.Split)}-{seed:D6}.mp4";
            VideoFile.Write(video, Path.Combine(folder, name));
            foreach (var question in QuestionWriter.Write(video, SeededRandom.For(seed, "questions"), options.Questions))
                lines.WriteLine(JsonSerializer.Serialize(new
                {
                    video = name,
                    question = question.Text,
                    answer = question.Answer,
                    kind = Words.Of(question.Kind),
                }));
            progress?.Report(i + 1);
        }
    }
}
