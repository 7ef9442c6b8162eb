using HieraVid.Models.Tokenization;
using HieraVid.World;

namespace HieraVid.Train.Data;

/// <summary>Finds the words by which questions name sprites and places.</summary>
internal sealed class Names
{
    private readonly Dictionary<long, Colour> _colours;
    private readonly Dictionary<long, Shape> _shapes;
    private readonly Dictionary<long, Place> _places;

    /// <param name="tokenizer">The model's; words that are more than one token are not found.</param>
    internal Names(ByteLevelTokenizer tokenizer)
    {
        Dictionary<long, T> Tokens<T>() where T : struct, Enum => Enum.GetValues<T>()
            .Select(value => (Value: value, Ids: tokenizer.Encode($" {Words.Of(value)}")))
            .Where(word => word.Ids.Count == 1)
            .ToDictionary(word => (long)word.Ids[0], word => word.Value);
        (_colours, _shapes, _places) = (Tokens<Colour>(), Tokens<Shape>(), Tokens<Place>());
    }

    /// <summary>The tokens of a question at which it is clear which sprite is meant: "red star", or "star" where there is one.</summary>
    /// <param name="question">The question's ids.</param>
    /// <param name="video">The video that it is about.</param>
    internal List<(int Token, Sprite Sprite)> Sprites(ReadOnlySpan<long> question, WorldVideo video)
    {
        var found = new List<(int, Sprite)>();
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
                found.Add((i, only));
        }
        return found;
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
