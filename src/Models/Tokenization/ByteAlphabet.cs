using System.Text;

namespace HieraVid.Models.Tokenization;

/// <summary>
/// The printable alphabet in which byte-level vocabularies are written: every byte is one character, so that any byte
/// sequence can stand in a text file. Printable Latin-1 characters stand for themselves, the other 68 bytes for U+0100
/// and following.
/// </summary>
internal static class ByteAlphabet
{
    private static readonly char[] CharacterOfByte = BuildCharacters();
    // By character; -1 where none is meant.
    private static readonly int[] ByteOfCharacter =
        [.. Enumerable.Range(0, CharacterOfByte.Max() + 1).Select(character => Array.IndexOf(CharacterOfByte, (char)character))];

    /// <summary>The bytes in the order of published vocabularies: "!" is 0, the unprintable ones come last.</summary>
    public static IEnumerable<byte> VocabularyOrder =>
        Enumerable.Range(0, 256).Select(value => (byte)value).OrderBy(value => CharacterOfByte[value]);

    /// <summary>The character that stands for a byte.</summary>
    public static char Character(byte value) => CharacterOfByte[value];

    /// <summary>The bytes that a vocabulary entry stands for; an entry outside the alphabet stands for itself.</summary>
    public static byte[] Bytes(string entry)
    {
        var bytes = new byte[entry.Length];
        for (var i = 0; i < entry.Length; i++)
        {
            if (entry[i] >= ByteOfCharacter.Length || ByteOfCharacter[entry[i]] < 0)
                return Encoding.UTF8.GetBytes(entry);
            bytes[i] = (byte)ByteOfCharacter[entry[i]];
        }
        return bytes;
    }

    private static char[] BuildCharacters()
    {
        var characters = new char[256];
        var next = (char)256;
        for (var value = 0; value < 256; value++)
            characters[value] = value is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or (>= 0xAE and <= 0xFF)
                ? (char)value
                : next++;
        return characters;
    }
}
