using System.Globalization;
using System.Text.Json;
using HieraVid.Evaluation.Answers;

namespace HieraVid.Evaluation.Questions;

/// <summary>Our own format: JSON lines. With choices the model is asked for a letter, without for the answer itself.</summary>
internal static class LineFormat
{
    internal static IReadOnlyList<EvaluationQuestion> Read(string path, Func<string, string> find) => Rows.Read(path, (row, i) =>
    {
        var (question, answer) = (row.Text("question"), row.Text("answer"));
        var choices = row.TryGetProperty("choices", out var list) && list.ValueKind == JsonValueKind.Array ? row.Texts("choices") : [];
        return new EvaluationQuestion(
            row.OptionalText("id") ?? (i + 1).ToString(CultureInfo.InvariantCulture), find(row.Text("video")),
            choices.Count == 0 ? question : Prompts.Lettered(question, choices), row.OptionalText("kind") ?? "all",
            choices.Count == 0 ? AnswerKey.Words(answer) : new AnswerKey(AnswerRule.Mentioned, choices, Letter(answer, choices)));
    });

    // The answer is a choice's letter or its text.
    private static string Letter(string answer, IReadOnlyList<string> choices) =>
        choices.ToList().IndexOf(answer) is >= 0 and var index ? AnswerKey.LetterOf(index)
        : answer.Length == 1 && answer[0] - 'A' >= 0 && answer[0] - 'A' < choices.Count ? answer
        : throw new FormatException($"the answer {answer} is none of the choices");
}
