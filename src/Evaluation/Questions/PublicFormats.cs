using System.Globalization;
using System.Text.Json;
using HieraVid.Evaluation.Answers;
using HieraVid.Pipeline.Jobs;

namespace HieraVid.Evaluation.Questions;

/// <summary>The public benchmarks' own annotation files.</summary>
/// <remarks>Rows that a benchmark publishes as Parquet are read as JSON: an array, or one object per line.</remarks>
internal static class PublicFormats
{
    private const string NotApplicable = "N/A";

    internal static IReadOnlyList<EvaluationQuestion> VideoMme(string path, Func<string, string> find) => Rows.Read(path, (row, i) =>
    {
        var options = row.Texts("options");
        return new EvaluationQuestion(
            row.OptionalText("question_id") ?? Number(i), find(row.Text("videoID")), Prompts.VideoMme(row.Text("question"), options),
            row.OptionalText("task_type") ?? row.OptionalText("duration") ?? "all",
            new AnswerKey(AnswerRule.FirstLetter, options, row.Text("answer")));
    });

    internal static IReadOnlyList<EvaluationQuestion> MvBench(string path, Func<string, string> find)
    {
        // Each of the twenty tasks is a file; its name is the task's.
        var task = Path.GetFileNameWithoutExtension(path);
        return Rows.Read(path, (row, i) =>
        {
            var candidates = row.Texts("candidates");
            return new EvaluationQuestion(
                $"{task}-{Number(i)}", find(row.Text("video")), Prompts.MvBench(row.Text("question"), candidates), task,
                new AnswerKey(AnswerRule.AnyLetter, candidates, LetterOf(row.Text("answer"), candidates)));
        });
    }

    internal static IReadOnlyList<EvaluationQuestion> EgoSchema(string path, Func<string, string> find)
    {
        var answers = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path))!, "subset_answers.json");
        var known = File.Exists(answers) ? ReadAnswers(answers) : null;
        return [.. Rows.Read(path, (row, i) => EgoSchema(row, find, known)).OfType<EvaluationQuestion>()];
    }

    // The full set's answers are secret: of the official files only the subset can be scored.
    private static EvaluationQuestion? EgoSchema(JsonElement row, Func<string, string> find, Dictionary<string, int>? answers)
    {
        var id = row.OptionalText("q_uid") ?? row.Text("video_idx");
        IReadOnlyList<string> options = row.TryGetProperty("option", out _)
            ? [.. row.Texts("option").Select(option => option.Split(". ", 2)[^1])]
            : [.. Enumerable.Range(0, 5).Select(i => row.Text($"option {i}"))];
        var answer = row.OptionalText("answer") is { } own ? int.Parse(own, CultureInfo.InvariantCulture)
            : answers is not null && answers.TryGetValue(id, out var listed) ? listed : -1;
        return answer < 0 ? null : new EvaluationQuestion(
            id, find(id), Prompts.Lettered(row.Text("question"), options), "all",
            new AnswerKey(AnswerRule.WholeOption, options, AnswerKey.LetterOf(answer)));
    }

    private static Dictionary<string, int> ReadAnswers(string path)
    {
        try
        {
            return JsonSerializer.Deserialize<Dictionary<string, int>>(File.ReadAllText(path)) ?? [];
        }
        catch (JsonException e)
        {
            throw JobException.Bad($"{path} is no list of answers: {e.Message.TrimEnd('.')}.");
        }
    }

    internal static IReadOnlyList<EvaluationQuestion> NextQa(string path, Func<string, string> find)
    {
        // Beside the official files lies a map from their video ids to the folders of the videos.
        var map = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path))!, "map_vid_vidorID.json");
        var folders = File.Exists(map) ? JsonSerializer.Deserialize<Dictionary<string, string>>(File.ReadAllText(map)) : null;
        return [.. CsvRows.Read(path).Select((row, i) =>
        {
            string Cell(string name) => row.TryGetValue(name, out var text) ? text.Trim()
                : throw JobException.Bad($"{path} has no column {name}: NExT-QA's multiple-choice files have.");
            var choices = Enumerable.Range(0, 5).Select(choice => Cell($"a{choice}")).ToList();
            var video = Cell("video");
            return new EvaluationQuestion(
                row.TryGetValue("qid", out var id) ? $"{video}-{id}" : Number(i), find(folders?.GetValueOrDefault(video) ?? video),
                Prompts.Lettered(Cell("question"), choices), row.GetValueOrDefault("type") ?? "all",
                new AnswerKey(AnswerRule.Mentioned, choices, AnswerKey.LetterOf(int.Parse(Cell("answer"), CultureInfo.InvariantCulture))));
        })];
    }

    internal static IReadOnlyList<EvaluationQuestion> LongVideoBench(string path, Func<string, string> find) => Rows.Read(path, (row, i) =>
    {
        var candidates = row.TryGetProperty("candidates", out _)
            ? row.Texts("candidates")
            : [.. Enumerable.Range(0, 5).Select(choice => row.OptionalText($"option{choice}") ?? NotApplicable).Where(text => text != NotApplicable)];
        return new EvaluationQuestion(
            row.OptionalText("id") ?? Number(i), find(row.Text("video_path")),
            Prompts.LongVideoBench(row.Text("question"), candidates),
            row.OptionalText("duration_group") is { } group ? $"{group} s" : "all",
            new AnswerKey(AnswerRule.FirstLetterOrGuess, candidates,
                AnswerKey.LetterOf(int.Parse(row.Text("correct_choice"), CultureInfo.InvariantCulture))));
    });

    internal static IReadOnlyList<EvaluationQuestion> Mlvu(string path, Func<string, string> find) => Rows.Read(path, (row, i) =>
    {
        var candidates = row.Texts("candidates");
        var type = row.OptionalText("question_type") ?? "all";
        return new EvaluationQuestion(
            $"{type}-{Number(i)}", find(row.Text("video")), Prompts.Mlvu(row.Text("question"), candidates), type,
            new AnswerKey(AnswerRule.FirstLetter, candidates, LetterOf(row.Text("answer"), candidates)));
    });

    private static string LetterOf(string answer, IReadOnlyList<string> candidates) =>
        candidates.ToList().IndexOf(answer) is >= 0 and var index
            ? AnswerKey.LetterOf(index)
            : throw new FormatException($"the answer {answer} is none of the candidates");

    private static string Number(int index) => (index + 1).ToString(CultureInfo.InvariantCulture);
}
