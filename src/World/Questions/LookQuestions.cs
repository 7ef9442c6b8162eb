namespace HieraVid.World.Questions;

/// <summary>Questions that frames answer one by one: colour, shape, count, scene, yes or no.</summary>
internal static class LookQuestions
{
    internal static Question? Colour(Facts facts, SeededRandom random)
    {
        foreach (var actor in random.Shuffle(facts.Actors.Where(actor => actor.Sprite.Change != World.Change.Colour)))
        {
            var (shape, answer) = (Words.Of(actor.Sprite.Shape), Words.Of(actor.Sprite.Colour));
            if (Where(facts, actor, look => look.Shape == actor.Sprite.Shape) is not { } where)
                continue;
            return new Question(QuestionKind.Colour, random.Pick([
                $"What colour is the {shape}{where}?", $"Which colour does the {shape}{where} have?",
                $"What is the colour of the {shape}{where}?"]), answer);
        }
        return null;
    }

    internal static Question? Shape(Facts facts, SeededRandom random)
    {
        foreach (var actor in random.Shuffle(facts.Actors.Where(actor => actor.Sprite.Change != World.Change.Shape)))
        {
            var (colour, answer) = (Words.Of(actor.Sprite.Colour), Words.Of(actor.Sprite.Shape));
            if (Where(facts, actor, look => look.Colour == actor.Sprite.Colour) is not { } where)
                continue;
            return new Question(QuestionKind.Shape, random.Pick([
                $"What shape is the {colour} object{where}?", $"Which shape does the {colour} object{where} have?",
                $"What is the shape of the {colour} object{where}?"]), answer);
        }
        return null;
    }

    // "" where a look is the only one in the video, " in the forest" where only in its shot, null where not even there.
    private static string? Where(Facts facts, Actor actor, Func<(Colour Colour, Shape Shape), bool> look)
    {
        if (Facts.IsOnly(actor, facts.Actors, look))
            return "";
        return Facts.IsOnly(actor, facts.Actors.Where(other => other.Shot == actor.Shot), look)
            ? $" in the {Words.Of(actor.Shot.Place)}"
            : null;
    }

    internal static Question? Count(Facts facts, SeededRandom random)
    {
        var shot = random.Pick(facts.Video.Shots);
        if (random.Chance(0.65))
            return shot.Sprites.Count > Words.GreatestNumber ? null : new Question(QuestionKind.Count, random.Pick([
                $"How many objects are there in the {Words.Of(shot.Place)}?",
                $"How many objects does one see in the {Words.Of(shot.Place)}?"]), Words.Number(shot.Sprites.Count));
        var total = facts.Actors.Count;
        if (facts.Actors.Any(actor => actor.Sprite.Change is World.Change.Colour))
            return null;
        // A colour that is there more often than one that isn't.
        var colour = random.Chance(0.75) ? random.Pick(facts.Actors).Sprite.Colour : random.Pick(Enum.GetValues<Colour>());
        var count = facts.Actors.Count(actor => actor.Sprite.Colour == colour);
        return count > 4 || total > 8 ? null : new Question(QuestionKind.Count, random.Pick([
            $"How many {Words.Of(colour)} objects are there in the video?",
            $"How many {Words.Of(colour)} objects does the video show?"]), Words.Number(count));
    }

    internal static Question Scene(Facts facts, SeededRandom random)
    {
        if (facts.Video.Shots.Count == 1 && random.Chance(0.4))
            return new Question(QuestionKind.Scene, random.Pick([
                "Where does the video play?", "Which scene does the video show?"]), Words.Of(facts.Video.Shots[0].Place));
        var (sprite, shot) = random.Pick(facts.Actors);
        return new Question(QuestionKind.Scene, random.Pick([
            $"Where is the {sprite.Name}?", $"In which scene is the {sprite.Name}?",
            $"Which scene shows the {sprite.Name}?"]), Words.Of(shot.Place));
    }

    internal static Question YesNo(Facts facts, SeededRandom random)
    {
        var yes = random.Chance(0.5);
        var answer = yes ? "yes" : "no";
        if (random.Chance(0.25))
        {
            var shown = facts.Video.Shots.Select(shot => shot.Place).ToList();
            var place = random.Pick(yes ? shown : Enum.GetValues<Place>().Except(shown).ToList());
            return new Question(QuestionKind.YesNo, random.Pick([
                $"Does the video show {Words.A(Words.Of(place))} scene?", $"Is there {Words.A(Words.Of(place))} scene in the video?"]), answer);
        }
        var looks = facts.Actors.SelectMany(actor => actor.Looks).ToHashSet();
        var (colour, shape) = random.Pick(facts.Actors.Select(actor => (actor.Sprite.Colour, actor.Sprite.Shape)).ToList());
        while (!yes && looks.Contains((colour, shape)))
        {
            // Near misses: often both words are right, but of different sprites.
            if (random.Chance(0.5))
                colour = random.Chance(0.5) ? random.Pick(facts.Actors).Sprite.Colour : random.Pick(Enum.GetValues<Colour>());
            else
                shape = random.Chance(0.5) ? random.Pick(facts.Actors).Sprite.Shape : random.Pick(Enum.GetValues<Shape>());
        }
        var name = Words.A($"{Words.Of(colour)} {Words.Of(shape)}");
        return new Question(QuestionKind.YesNo, random.Pick([
            $"Is there {name} in the video?", $"Does the video show {name}?", $"Can one see {name}?"]), answer);
    }
}
