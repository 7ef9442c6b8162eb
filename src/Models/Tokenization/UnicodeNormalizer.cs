using System.Text;

namespace HieraVid.Models.Tokenization;

/// <summary>Normal form C for text of any origin.</summary>
internal static class UnicodeNormalizer
{
    private static readonly bool Works = "e\u0301".Normalize(NormalizationForm.FormC) == "\u00E9"
        && "\u1112\u1161\u11AB".Normalize(NormalizationForm.FormC) == "\uD55C";

    /// <summary>
    /// Checks that the runtime normalises at all: in invariant globalization mode it silently returns its input, and
    /// every accented word that was typed in decomposed form would become other tokens.
    /// </summary>
    /// <exception cref="ModelException">It does not.</exception>
    public static void Require()
    {
        if (!Works)
            throw ModelException.Environment(
                ".NET runs here without Unicode normalisation (invariant globalization mode)",
                "install ICU and unset DOTNET_SYSTEM_GLOBALIZATION_INVARIANT");
    }

    /// <summary>Replaces lone surrogates by U+FFFD, which no encoding could carry.</summary>
    public static string WellFormed(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (!char.IsSurrogate(text[i]))
                continue;
            if (i + 1 < text.Length && char.IsSurrogatePair(text[i], text[i + 1]))
                i++;
            else
                return Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));
        }
        return text;
    }

    /// <summary>The normal form C of well-formed text.</summary>
    /// <remarks>
    /// .NET throws on the noncharacter U+FFFE, which is legal in text and combines with nothing: cut there.
    /// </remarks>
    public static string Normalize(string text) => string.Join(
        '\uFFFE', text.Split('\uFFFE').Select(part => part.Normalize(NormalizationForm.FormC)));
}
