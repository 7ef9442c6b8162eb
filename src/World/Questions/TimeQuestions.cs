namespace HieraVid.World.Questions;

/// <summary>Questions about what happens when: direction, order, part, change, needle.</summary>
internal static class TimeQuestions
{
    // Two beginnings closer than this may fall into the same sampled frame.
    private const double Distinct = 2;

    internal static Question? Direction(Facts facts, SeededRandom random)
    {
        if (facts.IsStill)
            return null;
        var sprite = random.Pick(facts.Actors).Sprite;
        return new Question(QuestionKind.Direction, random.Pick([
            $"In which direction does the {sprite.Name} move?", $"Which way does the {sprite.Name} go?",
            $"Where does the {sprite.Name} move to?"]), Words.Of(sprite.Heading));
    }

    internal static Question? Order(Facts facts, SeededRandom random)
    {
        var shots = facts.Video.Shots;
        if (shots.Count > 1 && random.Chance(0.5))
        {
            var i = random.Below(shots.Count - 1);
            var (before, after) = (Words.Of(shots[i].Place), Words.Of(shots[i + 1].Place));
            return random.Below(4) switch
            {
                0 => new Question(QuestionKind.Order, $"Which scene comes right after the {before}?", after),
                1 => new Question(QuestionKind.Order, $"Which scene comes right before the {after}?", before),
                2 => new Question(QuestionKind.Order, "Which scene comes first?", Words.Of(shots[0].Place)),
                _ => new Question(QuestionKind.Order, "Which scene comes last?", Words.Of(shots[^1].Place)),
            };
        }
        for (var attempt = 0; attempt < 10; attempt++)
        {
            var (one, other) = (random.Pick(facts.Actors).Sprite, random.Pick(facts.Actors).Sprite);
            if (Math.Abs(one.Appears - other.Appears) < Distinct)
                continue;
            var (first, last) = one.Appears < other.Appears ? (one, other) : (other, one);
            return random.Chance(0.5)
                ? new Question(QuestionKind.Order, $"Which appears first, the {one.Name} or the {other.Name}?", first.Name)
                : new Question(QuestionKind.Order, $"Which appears last, the {one.Name} or the {other.Name}?", last.Name);
        }
        return null;
    }

    internal static Question? When(Facts facts, SeededRandom random)
    {
        if (facts.IsStill)
            return null;
        var half = facts.Video.Duration / 2;
        string? Part(double begins, double ends) =>
            ends < half - 0.5 || (begins < half / 2 && ends < half + 0.5) ? "first" : begins > half + 0.5 ? "last" : null;
        var candidates = facts.Actors
            .Select(actor => (Name: actor.Sprite.Name, Part: Part(actor.Sprite.Appears, actor.Sprite.Leaves)))
            .Concat(facts.Video.Shots.Select(shot => (Name: Words.Of(shot.Place), Part: Part(shot.Begins, shot.Ends))))
            .Where(candidate => candidate.Part is not null)
            .ToList();
        if (candidates.Count == 0)
            return null;
        // Both parts equally often, where there is a choice.
        var part = random.Chance(0.5) ? "first" : "last";
        var (name, answer) = random.Pick(candidates.Exists(candidate => candidate.Part == part)
            ? candidates.FindAll(candidate => candidate.Part == part) : candidates);
        return new Question(QuestionKind.When, random.Pick([
            $"Does the {name} appear in the first or the last part of the video?",
            $"In which part of the video is the {name}, the first or the last?",
            $"Is the {name} shown in the first or the last part?"]), answer!);
    }

    internal static Question? Change(Facts facts, SeededRandom random)
    {
        var changing = facts.Actors.Select(actor => actor.Sprite).Where(sprite => sprite.Change != World.Change.None).ToList();
        if (changing.Count == 0)
            return null;
        var sprite = random.Pick(changing);
        if (sprite.Change == World.Change.Size || random.Chance(0.4))
            return new Question(QuestionKind.Change, random.Pick([
                $"What changes about the {sprite.Name}, its colour, shape or size?",
                $"Does the {sprite.Name} change its colour, shape or size?"]), Words.Of(sprite.Change));
        return sprite.Change == World.Change.Colour
            ? new Question(QuestionKind.Change, random.Pick([
                $"Which colour does the {sprite.Name} turn?", $"What colour does the {sprite.Name} become?"]),
                Words.Of(sprite.LaterColour))
            : new Question(QuestionKind.Change, random.Pick([
                $"Which shape does the {sprite.Name} turn into?", $"What shape does the {sprite.Name} become?"]),
                Words.Of(sprite.LaterShape));
    }

    internal static Question? Counter(Facts facts, SeededRandom random)
    {
        if (facts.Video.Counter is not { } counter)
            return null;
        return random.Chance(0.5)
            ? new Question(QuestionKind.Counter, random.Pick([
                "Which number does the counter show first?", "What is the first number of the counter?"]), $"{counter.First}")
            : new Question(QuestionKind.Counter, random.Pick([
                "Which number does the counter show last?", "What is the last number of the counter?"]), $"{counter.Last}");
    }

    internal static Question? Needle(Facts facts, SeededRandom random) => facts.Video.Card is { } card
        ? new Question(QuestionKind.Needle, random.Pick([
            "Which number is on the card?", "What number does the card show?", "Which digit can one read on the card?"]),
            $"{card.Digit}")
        : null;
}
