using System.Buffers;

namespace HieraVid.Models.Tokenization;

/// <summary>Finds added tokens in text: the leftmost first, the longest at a place.</summary>
internal sealed class AddedTokenSplitter
{
    private readonly AddedToken[] longestFirst;
    private readonly SearchValues<char> firstCharacters;

    public AddedTokenSplitter(IEnumerable<AddedToken> tokens)
    {
        longestFirst = [.. tokens.OrderByDescending(token => token.Text.Length)];
        firstCharacters = SearchValues.Create([.. longestFirst.Select(token => token.Text[0]).Distinct()]);
    }

    /// <summary>The first added token at or after <paramref name="start"/>, or null if there is none.</summary>
    public (int At, AddedToken Token)? Find(string text, int start)
    {
        for (var at = start; at < text.Length; at++)
        {
            var step = text.AsSpan(at).IndexOfAny(firstCharacters);
            if (step < 0)
                return null;
            at += step;
            foreach (var token in longestFirst)
                if (text.AsSpan(at).StartsWith(token.Text, StringComparison.Ordinal))
                    return (at, token);
        }
        return null;
    }
}
