using System.Text;

namespace HieraVid.Models.Tokenization;

/// <summary>
/// Turns ids into text one by one, and holds a character back until all of its bytes have come. The pieces joined are
/// what <see cref="ByteLevelTokenizer.Decode"/> makes of all ids.
/// </summary>
/// <param name="tokenizer">The tokenizer that the ids belong to.</param>
/// <param name="skipSpecial">Whether control tokens are left out.</param>
public sealed class StreamingDecoder(ByteLevelTokenizer tokenizer, bool skipSpecial = true)
{
    private readonly Decoder decoder = Encoding.UTF8.GetDecoder();

    /// <summary>Takes the next id.</summary>
    /// <returns>The text that is complete with it; often empty inside of an emoji or a rare character.</returns>
    public string Append(int id) =>
        skipSpecial && tokenizer.IsSpecial(id) ? "" : Convert(tokenizer.TokenBytes(id), flush: false);

    /// <summary>Ends the text.</summary>
    /// <returns>U+FFFD if the last character was never completed, else nothing.</returns>
    public string Flush() => Convert([], flush: true);

    private string Convert(ReadOnlySpan<byte> bytes, bool flush)
    {
        var characters = new char[decoder.GetCharCount(bytes, flush)];
        decoder.GetChars(bytes, characters, flush);
        return new string(characters);
    }
}
