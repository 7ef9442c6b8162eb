using System.Text.RegularExpressions;

namespace HieraVid.Evaluation.Answers;

/// <summary>What an answer was taken for.</summary>
/// <param name="Parsed">The letter or words found; empty where none.</param>
/// <param name="IsRight">Whether it is what was expected.</param>
/// <param name="IsGuessed">Whether nothing was found and the rule guesses.</param>
public readonly record struct Verdict(string Parsed, bool IsRight, bool IsGuessed = false);

/// <summary>
/// Judges answers by the rules of the public harness, lmms-eval, whose numbers the papers report. Where it guesses at random,
/// the guess here depends on the question alone, so that a second run gives the same figures.
/// </summary>
public static partial class AnswerJudge
{
    private const int ShortAnswer = 5;

    // As the harness has them: where two stand in one string there, a comma is missing, and neither is ever removed.
    private static readonly string[] Openings =
    [
        "The best answer is", "The correct answer is", "The answer is", "The answer", "The best option isThe correct option is",
        "Best answer:Best option:",
    ];

    private static readonly char[] Borders = [',', '.', '!', '?', ';', ':', '\''];

    private static readonly string[] LongVideoOpenings =
    [
        "The best answer is", "The correct answer is", "The answer is", "The answer", "The best option is", "The correct option is",
        "Best answer:", "Best option:",
    ];

    /// <summary>Judges one answer.</summary>
    /// <param name="key">The question's key.</param>
    /// <param name="answer">What the model said.</param>
    /// <param name="seed">The question's id, for guesses.</param>
    public static Verdict Judge(AnswerKey key, string answer, string seed)
    {
        var parsed = key.Rule switch
        {
            AnswerRule.Words => Plain(answer),
            AnswerRule.FirstLetter => First(answer, Openings, "ABCD"),
            AnswerRule.FirstLetterOrGuess => First(answer, LongVideoOpenings, "ABCDE"),
            AnswerRule.AnyLetter => Any(answer),
            AnswerRule.WholeOption => Whole(answer, key.Choices),
            _ => Mentioned(answer, key.Choices),
        };
        if (parsed.Length == 0 && key.Rule is AnswerRule.FirstLetterOrGuess or AnswerRule.Mentioned)
        {
            var guess = AnswerKey.LetterOf(Hash(seed) % key.Choices.Count);
            return new Verdict(guess, guess == key.Expected, IsGuessed: true);
        }
        return new Verdict(parsed, parsed == (key.Rule == AnswerRule.Words ? Plain(key.Expected) : key.Expected));
    }

    private static string Plain(string answer) =>
        string.Join(' ', answer.ToLowerInvariant().Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)).Trim('.', ',', '!', '?', '"', '\'');

    private static string First(string answer, string[] openings, string letters)
    {
        var text = openings.Aggregate(answer.Trim(), (rest, opening) => rest.Replace(opening, "", StringComparison.Ordinal));
        var at = text.AsSpan().IndexOfAny(letters);
        return at < 0 ? "" : text[at].ToString();
    }

    private static string Any(string answer)
    {
        var option = LetterAndText().Match(answer.Trim());
        if (option.Success)
            return option.Groups[1].Value.ToUpperInvariant();
        var text = Unpunctuated(answer.Replace('\n', ' ').Replace('\t', ' ').Trim());
        text = text.Trim('\'').Trim('"').Trim(')').Trim('(').Trim();
        var alone = LetterAlone().Match(text);
        return alone.Success ? alone.Groups[1].Value.ToUpperInvariant() : "";
    }

    // A sign beside a blank goes away, as all do where a comma groups digits; any other becomes a blank.
    private static string Unpunctuated(string text)
    {
        var result = text;
        foreach (var sign in ";/[]\"{}()=+\\_-><@`,?!")
        {
            var goes = text.Contains($"{sign} ", StringComparison.Ordinal) || text.Contains($" {sign}", StringComparison.Ordinal)
                || GroupedDigits().IsMatch(text);
            result = result.Replace(sign.ToString(), goes ? "" : " ", StringComparison.Ordinal);
        }
        return result;
    }

    private static string Whole(string answer, IReadOnlyList<string> choices)
    {
        string Stopped(string text) => text.EndsWith('.') ? text : text + ".";
        var letters = choices.Select((_, i) => AnswerKey.LetterOf(i)).ToList();
        var index = letters.FindIndex(letter => answer == Stopped($"{letter}. {choices[letter[0] - 'A']}"));
        if (index < 0)
            index = choices.ToList().FindIndex(choice => answer == Stopped(choice));
        if (index < 0)
            index = letters.IndexOf(answer);
        return index < 0 ? "" : letters[index];
    }

    private static string Mentioned(string answer, IReadOnlyList<string> choices)
    {
        var text = $" {Borders.Aggregate(answer, (rest, sign) => rest.Trim(sign))} ";
        var letters = choices.Select((_, i) => AnswerKey.LetterOf(i)).ToList();
        string Last(Func<string, string> form, Func<string, string> place, StringComparison comparison = StringComparison.Ordinal)
        {
            var found = letters.Where(letter => text.Contains(form(letter), comparison)).ToList();
            return found.Count == 0 ? "" : found.MaxBy(letter => text.LastIndexOf(place(letter), comparison))!;
        }
        string OnlyIfNone(string found, Func<string> next) => found.Length > 0 ? found : next();
        return OnlyIfNone(Last(letter => $"({letter})", letter => $"({letter})"),
            () => OnlyIfNone(Last(letter => $"{letter} ", letter => $" {letter} "),
            () => OnlyIfNone(Last(letter => $"{letter}.", letter => $" {letter} "),
            () => text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Length <= ShortAnswer ? ""
                : Last(letter => choices[letter[0] - 'A'], letter => choices[letter[0] - 'A'], StringComparison.OrdinalIgnoreCase))));
    }

    // FNV-1a, made non-negative.
    private static int Hash(string text) =>
        (int)(text.Aggregate(2166136261u, (hash, letter) => (hash ^ letter) * 16777619u) >> 1);

    [GeneratedRegex(@"^([A-E])\.\s*(.+)$", RegexOptions.IgnoreCase)]
    private static partial Regex LetterAndText();

    [GeneratedRegex(@"\b([A-E])\b", RegexOptions.IgnoreCase)]
    private static partial Regex LetterAlone();

    [GeneratedRegex(@"\d,\d")]
    private static partial Regex GroupedDigits();
}
