namespace HieraVid.World.Questions;

/// <summary>Writes questions about a video, from its facts alone.</summary>
public static class QuestionWriter
{
    /// <summary>Some questions, no text twice; kinds that the video allows come up equally often.</summary>
    /// <param name="video">The video.</param>
    /// <param name="random">Where the choices come from.</param>
    /// <param name="count">How many; fewer where the video does not allow so many.</param>
    /// <param name="among">The kinds to choose from; null for all.</param>
    public static IReadOnlyList<Question> Write(
        WorldVideo video, SeededRandom random, int count, IReadOnlyList<QuestionKind>? among = null)
    {
        var questions = new List<Question>();
        var texts = new HashSet<string>();
        var facts = new Facts(video);
        var kinds = random.Shuffle(among ?? Enum.GetValues<QuestionKind>());
        // Some kinds have few questions per video; three rounds without any new one mean that all were found.
        for (var (i, dry) = (0, 0); questions.Count < count && dry < 3 * kinds.Count; i++)
        {
            var question = Write(kinds[i % kinds.Count], facts, random);
            dry = question is not null && texts.Add(question.Text) ? 0 : dry + 1;
            if (dry == 0)
                questions.Add(question!);
        }
        return questions;
    }

    /// <summary>A question of one kind, or null if the video does not allow any.</summary>
    public static Question? Write(QuestionKind kind, WorldVideo video, SeededRandom random) => Write(kind, new Facts(video), random);

    private static Question? Write(QuestionKind kind, Facts facts, SeededRandom random) => kind switch
    {
        QuestionKind.Colour => LookQuestions.Colour(facts, random),
        QuestionKind.Shape => LookQuestions.Shape(facts, random),
        QuestionKind.Count => LookQuestions.Count(facts, random),
        QuestionKind.YesNo => LookQuestions.YesNo(facts, random),
        QuestionKind.Scene => LookQuestions.Scene(facts, random),
        QuestionKind.Direction => TimeQuestions.Direction(facts, random),
        QuestionKind.Order => TimeQuestions.Order(facts, random),
        QuestionKind.When => TimeQuestions.When(facts, random),
        QuestionKind.Change => TimeQuestions.Change(facts, random),
        QuestionKind.Needle => TimeQuestions.Needle(facts, random),
        _ => TimeQuestions.Counter(facts, random),
    };
}
