using HieraVid.Evaluation.Answers;

namespace HieraVid.Evaluation.Questions;

/// <summary>The words in which lmms-eval puts multiple-choice questions; each benchmark has its own.</summary>
internal static class Prompts
{
    private const string Directly = "Answer with the option's letter from the given choices directly.";

    /// <summary>NExT-QA's: the question, "A. choice" lines, the instruction.</summary>
    internal static string Lettered(string question, IReadOnlyList<string> choices) =>
        $"{question}\n{string.Join('\n', choices.Select((choice, i) => $"{AnswerKey.LetterOf(i)}. {choice}"))}\n{Directly}";

    /// <summary>Video-MME's; its options bring their letters along.</summary>
    internal static string VideoMme(string question, IReadOnlyList<string> options) =>
        "Select the best answer to the following multiple-choice question based on the video and the subtitles. "
        + "Respond with only the letter (A, B, C, or D) of the correct option.\n"
        + $"{question}\n{string.Join('\n', options)}\n\n{Directly}";

    /// <summary>MVBench's: letters in brackets.</summary>
    internal static string MvBench(string question, IReadOnlyList<string> candidates) =>
        $"Question:{question}\nOption:\n{Bracketed(candidates)}\nOnly give the best option.";

    /// <summary>LongVideoBench's: like <see cref="Lettered"/>, with a line feed at the end.</summary>
    internal static string LongVideoBench(string question, IReadOnlyList<string> candidates) => $"{Lettered(question, candidates)}\n";

    /// <summary>MLVU's: it begins the answer for the model.</summary>
    internal static string Mlvu(string question, IReadOnlyList<string> candidates) =>
        $"\n{question}\n{Bracketed(candidates)}\nOnly give the best option.\n\nBest option: (";

    private static string Bracketed(IReadOnlyList<string> candidates) =>
        string.Join('\n', candidates.Select((candidate, i) => $"({AnswerKey.LetterOf(i)}) {candidate}"));
}
