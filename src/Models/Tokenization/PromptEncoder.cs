using System.Text;

namespace HieraVid.Models.Tokenization;

/// <summary>Turns the pieces of a prompt into ids.</summary>
public static class PromptEncoder
{
    /// <summary>Encodes pieces, none of which can change the meaning of another.</summary>
    /// <remarks>
    /// Control tokens count in the template's pieces only, but ordinary text is encoded across the border of pieces:
    /// a template's line feed and a user's make one word, as they did when the model was trained.
    /// </remarks>
    public static PromptTokens Encode(ByteLevelTokenizer tokenizer, IEnumerable<PromptPiece> pieces)
    {
        var ids = new List<int>();
        var videos = new List<int>();
        var pending = new StringBuilder();
        foreach (var piece in pieces)
        {
            switch (piece.Kind)
            {
                case PromptPieceKind.Literal:
                    pending.Append(piece.Text);
                    break;
                case PromptPieceKind.Video:
                    EncodePending();
                    videos.Add(ids.Count);
                    ids.Add(PromptTokens.VideoPlaceholder);
                    break;
                default:
                    foreach (var (ordinary, added) in tokenizer.SplitAtAdded(piece.Text))
                    {
                        pending.Append(ordinary);
                        if (added is null)
                            continue;
                        EncodePending();
                        ids.Add(added.Id);
                    }
                    break;
            }
        }
        EncodePending();
        return new PromptTokens(ids, videos);

        void EncodePending()
        {
            tokenizer.EncodeOrdinary(pending.ToString(), ids);
            pending.Clear();
        }
    }

    /// <summary>
    /// Encodes a whole prompt string the way the reference implementations do: cut at the placeholder, control tokens
    /// recognised everywhere. For prompts of our own only; a user's text could inject anything here.
    /// </summary>
    /// <param name="tokenizer">The checkpoint's tokenizer.</param>
    /// <param name="prompt">The prompt.</param>
    /// <param name="placeholder">The text that marks a video's place.</param>
    public static PromptTokens EncodeTrusted(
        ByteLevelTokenizer tokenizer, string prompt, string placeholder = "<image>")
    {
        var chunks = prompt.Split(placeholder);
        return Encode(tokenizer, chunks.SelectMany((chunk, i) => i == 0
            ? [new PromptPiece(PromptPieceKind.Template, chunk)]
            : new[] { new PromptPiece(PromptPieceKind.Video), new PromptPiece(PromptPieceKind.Template, chunk) }));
    }
}
