using HieraVid.Models.Tokenization;
using HieraVid.World;
using HieraVid.World.Rendering;

namespace HieraVid.Train.Data;

/// <summary>A token of a question at which it is clear which sprite is meant.</summary>
/// <param name="Token">Which.</param>
/// <param name="Sprite">The sprite.</param>
/// <param name="IsWhole">Whether the question tells its colour and its shape, so that there is no need to look.</param>
internal sealed record NamedSprite(int Token, Sprite Sprite, bool IsWhole);

/// <summary>Finds the words by which questions name sprites and places.</summary>
internal sealed class Names
{
    private readonly Dictionary<long, Colour> _colours;
    private readonly Dictionary<long, Shape> _shapes;
    private readonly Dictionary<long, Place> _places;
    private readonly long _objects, _last;

    /// <param name="tokenizer">The model's; words that are more than one token are not found.</param>
    internal Names(ByteLevelTokenizer tokenizer)
    {
        Dictionary<long, T> Tokens<T>() where T : struct, Enum => Enum.GetValues<T>()
            .Select(value => (Value: value, Ids: tokenizer.Encode($" {Words.Of(value)}")))
            .Where(word => word.Ids.Count == 1)
            .ToDictionary(word => (long)word.Ids[0], word => word.Value);
        (_colours, _shapes, _places) = (Tokens<Colour>(), Tokens<Shape>(), Tokens<Place>());
        long Token(string word) => tokenizer.Encode(word) is [var only] ? only : -1;
        (_objects, _last) = (Token(" objects"), Token(" last"));
    }

    /// <summary>
    /// The tokens of a question at which it is clear which sprite is meant: "red star", "star" where there is one, or the place in
    /// "star in the forest" where there is one of these.
    /// </summary>
    /// <param name="question">The question's ids.</param>
    /// <param name="video">The video that it is about.</param>
    internal List<NamedSprite> Sprites(ReadOnlySpan<long> question, WorldVideo video)
    {
        var found = new List<NamedSprite>();
        var places = Places(question, video);
        for (var i = 0; i < question.Length; i++)
        {
            Colour? colour = _colours.TryGetValue(question[i], out var c) ? c : null;
            Shape? shape = _shapes.TryGetValue(question[i], out var s) ? s : null;
            Colour? before = i > 0 && _colours.TryGetValue(question[i - 1], out c) ? c : null;
            // "red star": the second word says which one.
            if (colour is not null && i + 1 < question.Length && _shapes.ContainsKey(question[i + 1]))
                continue;
            List<Sprite> meant = (colour, shape, before) switch
            {
                (null, null, _) => [],
                (_, not null, not null) => [.. video.Sprites.Where(sprite => sprite.Colour == before && sprite.Shape == shape)],
                (_, not null, null) => [.. video.Sprites.Where(sprite => sprite.Shape == shape || sprite.LaterShape == shape)],
                _ => [.. video.Sprites.Where(sprite => sprite.Colour == colour || sprite.LaterColour == colour)],
            };
            if (meant is [var only])
                found.Add(new NamedSprite(i, only, shape is not null && before is not null));
            else if (places.FindIndex(place => place.Token > i) is >= 0 and var p
                && meant.Intersect(video.Shots[places[p].Shot].Sprites).ToList() is [var there])
                found.Add(new NamedSprite(places[p].Token, there, false));
        }
        return found;
    }

    /// <summary>The tokens that name the colour in "How many red objects", and how many there are.</summary>
    /// <param name="question">The question's ids.</param>
    /// <param name="video">The video that it is about.</param>
    internal List<(int Token, int Count)> Totals(ReadOnlySpan<long> question, WorldVideo video)
    {
        var found = new List<(int, int)>();
        for (var i = 0; i + 1 < question.Length; i++)
            if (question[i + 1] == _objects && _colours.TryGetValue(question[i], out var colour))
                found.Add((i, Math.Min(CellLabel.MostCounted, video.Sprites.Count(sprite => sprite.Colour == colour))));
        return found;
    }

    /// <summary>The token that names the second of two sprites, and which of the two appears first or last, as the question has it.</summary>
    /// <param name="question">The question's ids.</param>
    /// <param name="video">The video that it is about.</param>
    internal List<(int Token, bool IsSecond, Sprite Chosen)> Orders(ReadOnlySpan<long> question, WorldVideo video)
    {
        if (Sprites(question, video) is not [{ Sprite: var one }, { Token: var token, Sprite: var other }] || one == other)
            return [];
        var isSecond = one.Appears < other.Appears == question.Contains(_last);
        return [(token, isSecond, isSecond ? other : one)];
    }

    /// <summary>The tokens of a question that name a place of the video, and its shot.</summary>
    /// <param name="question">The question's ids.</param>
    /// <param name="video">The video that it is about.</param>
    internal List<(int Token, int Shot)> Places(ReadOnlySpan<long> question, WorldVideo video)
    {
        var found = new List<(int, int)>();
        for (var i = 0; i < question.Length; i++)
            for (var shot = 0; shot < video.Shots.Count; shot++)
                if (_places.TryGetValue(question[i], out var place) && video.Shots[shot].Place == place)
                    found.Add((i, shot));
        return found;
    }
}
