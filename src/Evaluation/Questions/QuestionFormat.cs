using HieraVid.Pipeline.Jobs;

namespace HieraVid.Evaluation.Questions;

/// <summary>An annotation file's format: how it is read and how its questions are put.</summary>
/// <param name="Name">The name on the command line.</param>
/// <param name="Description">Which files it is for.</param>
/// <param name="Read">Reads a file; the second argument finds a video's file.</param>
public sealed record QuestionFormat(
    string Name, string Description, Func<string, Func<string, string>, IReadOnlyList<EvaluationQuestion>> Read)
{
    /// <summary>All formats; the first one is our own.</summary>
    public static IReadOnlyList<QuestionFormat> All { get; } =
    [
        new("lines", "JSON lines with video, question, answer, and perhaps choices, kind, id", LineFormat.Read),
        new("videomme", "Video-MME's rows as JSON: videoID, question, options, answer", PublicFormats.VideoMme),
        new("mvbench", "one of MVBench's JSON files: video, question, candidates, answer", PublicFormats.MvBench),
        new("egoschema", "EgoSchema's questions.json, with subset_answers.json beside it; or rows with the answer in them", PublicFormats.EgoSchema),
        new("nextqa", "NExT-QA's multiple-choice CSV: video, question, a0 to a4, answer", PublicFormats.NextQa),
        new("longvideobench", "LongVideoBench's lvb_val.json: video_path, question, candidates, correct_choice", PublicFormats.LongVideoBench),
        new("mlvu", "one of MLVU's multiple-choice JSON files: video, question, candidates, answer", PublicFormats.Mlvu),
    ];

    /// <summary>Reads a question file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="format">The format's name.</param>
    /// <param name="videos">The videos' folder; null is the file's own.</param>
    /// <exception cref="JobException">The file cannot be read, or a video is missing; the message says what to do.</exception>
    public static IReadOnlyList<EvaluationQuestion> Load(string path, string format, string? videos)
    {
        var reader = All.FirstOrDefault(known => known.Name == format)
            ?? throw JobException.Bad($"--format {format} is not known: take one of {string.Join(", ", All.Select(known => known.Name))}.");
        if (!File.Exists(path))
            throw JobException.Bad($"{path} is not there: name a file of questions.");
        var folder = videos ?? Path.GetDirectoryName(Path.GetFullPath(path))!;
        var questions = reader.Read(path, name => VideoFolder.Find(folder, name));
        if (questions.Count == 0)
            throw JobException.Bad($"{path} has no question in the format {format}.");
        if (questions.GroupBy(question => question.Id).FirstOrDefault(group => group.Count() > 1) is { } twice)
            throw JobException.Bad($"{path} has the question id {twice.Key} twice: ids must differ.");
        return questions;
    }
}
