namespace HieraVid.Evaluation.Answers;

/// <summary>How an answer is found in what a model said; named after what counts, not after who counts so.</summary>
public enum AnswerRule
{
    /// <summary>The words themselves, apart from case, punctuation and blanks around them (our own question sets).</summary>
    Words,

    /// <summary>The first capital letter that is a choice; none in more than ten words is no answer (Video-MME, MLVU).</summary>
    FirstLetter,

    /// <summary>The same, but where there is none the answer is guessed (LongVideoBench).</summary>
    FirstLetterOrGuess,

    /// <summary>A letter before a full stop at the beginning, or else any letter that stands alone (MVBench).</summary>
    AnyLetter,

    /// <summary>Exactly an option with or without its letter, or the letter (EgoSchema).</summary>
    WholeOption,

    /// <summary>The last choice mentioned, by letter or, in longer answers, by text; guessed where there is none (NExT-QA).</summary>
    Mentioned,
}

/// <summary>The right answer to a question.</summary>
/// <param name="Rule">How an answer is recognised.</param>
/// <param name="Choices">The choices' texts; empty where there are none.</param>
/// <param name="Expected">The right words, or the right choice's letter.</param>
public sealed record AnswerKey(AnswerRule Rule, IReadOnlyList<string> Choices, string Expected)
{
    /// <summary>A key for an answer in words.</summary>
    public static AnswerKey Words(string expected) => new(AnswerRule.Words, [], expected);

    /// <summary>A for 0, B for 1.</summary>
    public static string LetterOf(int choice) => ((char)('A' + choice)).ToString();
}
