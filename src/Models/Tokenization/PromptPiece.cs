namespace HieraVid.Models.Tokenization;

/// <summary>What a piece of a prompt is, and so how far it is trusted.</summary>
public enum PromptPieceKind
{
    /// <summary>The template's own text, in which control tokens count.</summary>
    Template,

    /// <summary>Somebody's text: nothing in it is special.</summary>
    Literal,

    /// <summary>The place of a video's tokens; the text is empty.</summary>
    Video,
}

/// <summary>A piece of a prompt.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Text">Its text.</param>
public readonly record struct PromptPiece(PromptPieceKind Kind, string Text = "");
