using System.Text;

namespace HieraVid.Models.Tests.Tokenization;

/// <summary>Seeded strings that mix what tokenizers trip over.</summary>
internal static class RandomText
{
    private static readonly string[] Fragments =
    [
        "the", " video", "'s", "'LL", "'\u017F", "'", "1", "٣", "𝟘", "𠮷", "é", "e\u0301", "\u0301", "한", "\u1112\u1161\u11AB",
        "😀", "👨‍👩", "\r", "\n", "\r\n", " ", "  ", "\t", "\u00A0", "\u2028", "\u3000", "\u0085", "\u180E", "!", "...", "_",
        "\0", "\x1B", "\uFEFF", "\uFFFE", "\U0010FFFD", "\uE000", "\u0378", "<|im_end|>", "<|im_", "|>", "<image>", "²", "Ⅷ", "ß",
    ];

    public static IEnumerable<string> Strings(int seed, int count)
    {
        var random = new Random(seed);
        for (var i = 0; i < count; i++)
        {
            var text = new StringBuilder();
            for (var length = random.Next(12); length > 0; length--)
                text.Append(random.Next(4) == 0 ? RandomRune(random).ToString() : Fragments[random.Next(Fragments.Length)]);
            yield return text.ToString();
        }
    }

    /// <summary>The normal form C, also of strings with U+FFFE, on which .NET throws.</summary>
    public static string Normalized(string text) => string.Join(
        '\uFFFE', text.Split('\uFFFE').Select(part => part.Normalize(NormalizationForm.FormC)));

    private static Rune RandomRune(Random random)
    {
        while (true)
            if (Rune.TryCreate(random.Next(random.Next(2) == 0 ? 0x3000 : 0x110000), out var rune))
                return rune;
    }
}
