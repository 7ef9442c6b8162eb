namespace HieraVid.Models.Tokenization;

/// <summary>What a tokenizer's files say, whichever files they are.</summary>
/// <param name="Source">The file for messages.</param>
/// <param name="Vocabulary">Entries in the byte alphabet, with their ids.</param>
/// <param name="Merges">Pairs of entries, the lowest rank first.</param>
/// <param name="Added">Tokens beside the vocabulary.</param>
/// <param name="Normalizes">Whether text is brought into normal form C first.</param>
internal sealed record TokenizerData(
    string Source,
    IReadOnlyDictionary<string, int> Vocabulary,
    IReadOnlyList<(string Left, string Right)> Merges,
    IReadOnlyList<AddedToken> Added,
    bool Normalizes);
