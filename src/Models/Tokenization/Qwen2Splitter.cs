using System.Globalization;
using System.Text;

namespace HieraVid.Models.Tokenization;

/// <summary>
/// Splits text into words exactly as <see cref="Pattern"/> does when it is applied to code points. .NET's own regular
/// expressions see UTF-16 units, to which a letter or digit beyond U+FFFF is two surrogates, neither letter nor digit.
/// </summary>
internal static class Qwen2Splitter
{
    /// <summary>The pattern in the tokenizer.json of Qwen2, Qwen2.5, Qwen2-VL and everything built on them.</summary>
    public const string Pattern =
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    private enum Kind
    {
        Letter,
        Number,
        Space,
        Newline,
        Other,
    }

    /// <summary>The end of the word that begins at <paramref name="start"/>.</summary>
    /// <param name="text">Well-formed UTF-16.</param>
    /// <param name="start">An index inside the text, at the beginning of a code point.</param>
    /// <returns>An index above <paramref name="start"/>: no word is empty, and every character is in one.</returns>
    public static int WordEnd(ReadOnlySpan<char> text, int start)
    {
        var contraction = ContractionLength(text[start..]);
        if (contraction > 0)
            return start + contraction;

        var (kind, length) = Classify(text, start);
        var next = start + length;
        var nextKind = next < text.Length ? Classify(text, next).Kind : (Kind?)null;

        // [^\r\n\p{L}\p{N}]?\p{L}+
        if (kind == Kind.Letter || (kind is Kind.Space or Kind.Other && nextKind == Kind.Letter))
            return RunEnd(text, next, Kind.Letter);
        // \p{N}
        if (kind == Kind.Number)
            return next;
        //  ?[^\s\p{L}\p{N}]+[\r\n]*
        if (kind == Kind.Other || (text[start] == ' ' && nextKind == Kind.Other))
            return RunEnd(text, RunEnd(text, next, Kind.Other), Kind.Newline);
        return WhiteSpaceEnd(text, start);
    }

    /// <summary>The three white-space branches: <c>\s*[\r\n]+|\s+(?!\S)|\s+</c>.</summary>
    private static int WhiteSpaceEnd(ReadOnlySpan<char> text, int start)
    {
        var end = start;
        var lastNewline = -1;
        for (; end < text.Length && Classify(text, end).Kind is var kind && kind is Kind.Space or Kind.Newline; end++)
            if (kind == Kind.Newline)
                lastNewline = end;
        if (lastNewline >= 0)
            return lastNewline + 1;
        // The last space before a word is left to that word, unless it is all there is.
        return end == text.Length || end == start + 1 ? end : end - 1;
    }

    private static int RunEnd(ReadOnlySpan<char> text, int start, Kind kind)
    {
        while (start < text.Length && Classify(text, start) is var (found, length) && found == kind)
            start += length;
        return start;
    }

    private static int ContractionLength(ReadOnlySpan<char> text)
    {
        if (text.Length < 2 || text[0] != '\'')
            return 0;
        // (?i) folds by Unicode's rules, where the long s (U+017F) is an s.
        if (text[1] is 's' or 'S' or 't' or 'T' or 'm' or 'M' or 'd' or 'D' or '\u017F')
            return 2;
        return text.Length > 2 && (text[1] | 0x20, text[2] | 0x20) is ('r', 'e') or ('v', 'e') or ('l', 'l')
            && char.IsAscii(text[1]) && char.IsAscii(text[2])
            ? 3
            : 0;
    }

    private static (Kind Kind, int Length) Classify(ReadOnlySpan<char> text, int index)
    {
        var first = text[index];
        if (first is '\r' or '\n')
            return (Kind.Newline, 1);
        if (char.IsWhiteSpace(first))
            return (Kind.Space, 1);
        Rune.DecodeFromUtf16(text[index..], out var rune, out var length);
        var kind = Rune.GetUnicodeCategory(rune) switch
        {
            UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter
                or UnicodeCategory.ModifierLetter or UnicodeCategory.OtherLetter => Kind.Letter,
            UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber
                => Kind.Number,
            _ => Kind.Other,
        };
        return (kind, length);
    }
}
