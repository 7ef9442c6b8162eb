namespace HieraVid.Models.Tokenization;

/// <summary>A token beside the vocabulary, found in text as a whole before anything else is done.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Text">Its text, such as <c>&lt;|im_end|&gt;</c>.</param>
/// <param name="Special">Whether it is a control token that never belongs into an answer.</param>
public sealed record AddedToken(int Id, string Text, bool Special = true);
