using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace HieraVid.Models.Tokenization;

/// <summary>
/// The byte-level BPE tokenizer of the Qwen2 family: normal form C, split at added tokens, split into words, bytes,
/// merges. Adds no token of its own. Safe to use from several threads at once.
/// </summary>
public sealed class ByteLevelTokenizer
{
    // Words of ordinary text are short and few; the limits keep hostile text from filling the memory.
    private const int MaxCachedWords = 50_000;
    private const int MaxCachedWordLength = 32;

    private const int MaxId = 10_000_000;

    private readonly int[] tokenOfByte = new int[256];
    private readonly byte[]?[] bytesOfToken;
    private readonly Dictionary<(int Left, int Right), (int Rank, int Token)> merges = [];
    private readonly Dictionary<string, AddedToken> addedByText = [];
    private readonly HashSet<int> specialIds = [];
    private readonly AddedTokenSplitter splitter;
    private readonly bool normalizes;
    private readonly ConcurrentDictionary<string, int[]> cache = new();
    private readonly ConcurrentDictionary<string, int[]>.AlternateLookup<ReadOnlySpan<char>> cached;
    // Counted here, because the dictionary's Count takes all of its locks; may pass the limit by a word per thread.
    private int cachedWords;

    internal ByteLevelTokenizer(TokenizerData data)
    {
        normalizes = data.Normalizes;
        if (normalizes)
            UnicodeNormalizer.Require();
        bytesOfToken = new byte[]?[CountIds(data)];
        foreach (var (entry, id) in data.Vocabulary)
            bytesOfToken[id] = ByteAlphabet.Bytes(entry);
        foreach (var token in data.Added)
            AddToken(data.Source, token);
        for (var value = 0; value < 256; value++)
        {
            var entry = ByteAlphabet.Character((byte)value).ToString();
            tokenOfByte[value] = data.Vocabulary.TryGetValue(entry, out var id) ? id : throw Missing(data, entry, $"byte {value}");
        }
        merges.EnsureCapacity(data.Merges.Count);
        for (var rank = 0; rank < data.Merges.Count; rank++)
        {
            var (left, right) = data.Merges[rank];
            merges[(IdOf(left), IdOf(right))] = (rank, IdOf(left + right));

            // The message is made only where it is needed: there are 151,000 merges.
            int IdOf(string entry) => data.Vocabulary.TryGetValue(entry, out var id)
                ? id
                : throw Missing(data, entry, $"merge \"{left} {right}\"");
        }
        splitter = new AddedTokenSplitter(data.Added);
        cached = cache.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    /// <summary>One more than the highest id; ids below it may be unused.</summary>
    public int IdCount => bytesOfToken.Length;

    /// <summary>The tokens beside the vocabulary, by their text.</summary>
    public IReadOnlyDictionary<string, AddedToken> AddedTokens => addedByText;

    /// <summary>Reads a checkpoint folder's tokenizer.json, or else its vocab.json and merges.txt.</summary>
    /// <exception cref="ModelException">
    /// The folder has neither, a file is damaged, or it describes another kind of tokenizer.
    /// </exception>
    public static ByteLevelTokenizer Load(string folder)
    {
        var json = Path.Combine(folder, TokenizerJson.FileName);
        if (File.Exists(json))
            return new ByteLevelTokenizer(TokenizerJson.Read(json));
        if (File.Exists(Path.Combine(folder, VocabularyFiles.VocabularyName))
            && File.Exists(Path.Combine(folder, VocabularyFiles.MergesName)))
            return new ByteLevelTokenizer(VocabularyFiles.Read(folder));
        throw ModelException.NotFound(json,
            $"the folder needs it, or {VocabularyFiles.VocabularyName} and {VocabularyFiles.MergesName}");
    }

    /// <summary>Whether an id is that of a control token, which never belongs into an answer.</summary>
    public bool IsSpecial(int id) => specialIds.Contains(id);

    /// <summary>Looks up a token beside the vocabulary by its text, such as <c>&lt;|im_end|&gt;</c>.</summary>
    public bool TryFindAdded(string text, [NotNullWhen(true)] out AddedToken? token) =>
        addedByText.TryGetValue(text, out token);

    /// <summary>The bytes that an id stands for; none for an id without a token.</summary>
    public ReadOnlySpan<byte> TokenBytes(int id) => (uint)id < (uint)bytesOfToken.Length ? bytesOfToken[id] : default;

    /// <summary>Turns text into ids.</summary>
    /// <param name="text">Any text; lone surrogates count as U+FFFD.</param>
    /// <param name="allowSpecial">
    /// Whether <c>&lt;|im_end|&gt;</c> and the like become the tokens of that name. Never for a user's text.
    /// </param>
    public List<int> Encode(string text, bool allowSpecial = false)
    {
        var ids = new List<int>();
        foreach (var (ordinary, added) in allowSpecial ? SplitAtAdded(text) : [(text, null)])
        {
            EncodeOrdinary(ordinary, ids);
            if (added is not null)
                ids.Add(added.Id);
        }
        return ids;
    }

    /// <summary>Turns ids into text. Bytes that are no UTF-8 become U+FFFD, one per maximal invalid part.</summary>
    /// <param name="ids">Any ids; those without a token are nothing.</param>
    /// <param name="skipSpecial">Whether control tokens are left out.</param>
    public string Decode(IEnumerable<int> ids, bool skipSpecial = true)
    {
        using var bytes = new MemoryStream();
        foreach (var id in ids)
            if (!skipSpecial || !IsSpecial(id))
                bytes.Write(TokenBytes(id));
        return Encoding.UTF8.GetString(bytes.GetBuffer(), 0, (int)bytes.Length);
    }

    /// <summary>Cuts text at added tokens: ordinary text, possibly empty, and the token behind it, if any.</summary>
    internal IEnumerable<(string Ordinary, AddedToken? Added)> SplitAtAdded(string text)
    {
        var start = 0;
        while (splitter.Find(text, start) is var (at, token))
        {
            yield return (text[start..at], token);
            start = at + token.Text.Length;
        }
        yield return (text[start..], null);
    }

    /// <summary>Appends the ids of text in which nothing is special.</summary>
    internal void EncodeOrdinary(string text, List<int> ids)
    {
        text = UnicodeNormalizer.WellFormed(text);
        if (normalizes)
            text = UnicodeNormalizer.Normalize(text);
        for (int start = 0, end; start < text.Length; start = end)
        {
            end = Qwen2Splitter.WordEnd(text, start);
            ids.AddRange(EncodeWord(text.AsSpan(start..end)));
        }
    }

    private int[] EncodeWord(ReadOnlySpan<char> characters)
    {
        if (cached.TryGetValue(characters, out var known))
            return known;
        var word = characters.ToString();
        var ids = BytePairMerger.Merge(
            Array.ConvertAll(Encoding.UTF8.GetBytes(word), value => tokenOfByte[value]), merges);
        if (word.Length <= MaxCachedWordLength && cachedWords < MaxCachedWords && cache.TryAdd(word, ids))
            Interlocked.Increment(ref cachedWords);
        return ids;
    }

    private void AddToken(string source, AddedToken token)
    {
        if (token.Text.Length == 0)
            throw ModelException.Damaged(source, $"its added token {token.Id} has no text");
        if (!addedByText.TryAdd(token.Text, token))
            throw ModelException.Damaged(source, $"it adds the token {token.Text} twice");
        bytesOfToken[token.Id] = Encoding.UTF8.GetBytes(token.Text);
        if (token.Special)
            specialIds.Add(token.Id);
    }

    private static int CountIds(TokenizerData data)
    {
        var ids = data.Vocabulary.Values.Concat(data.Added.Select(token => token.Id)).ToArray();
        foreach (var id in ids)
            if (id is < 0 or > MaxId)
                throw ModelException.Damaged(data.Source, $"it has the id {id}, which is not from 0 to {MaxId}");
        return ids.Length == 0 ? 0 : ids.Max() + 1;
    }

    private static ModelException Missing(TokenizerData data, string entry, string neededBy) =>
        ModelException.Damaged(data.Source, $"{neededBy} needs the entry {entry}, which is not in the vocabulary");
}
