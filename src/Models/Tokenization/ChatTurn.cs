namespace HieraVid.Models.Tokenization;

/// <summary>Who speaks.</summary>
public enum ChatRole
{
    /// <summary>Asks.</summary>
    User,

    /// <summary>Answered in an earlier round.</summary>
    Assistant,
}

/// <summary>Where the video stands in a turn.</summary>
public enum VideoPlacement
{
    /// <summary>The turn has no video.</summary>
    None,

    /// <summary>Before the text, on a line of its own: what the models were trained with.</summary>
    OwnLine,

    /// <summary>Directly before the text: LLaVA-Video's model card with its time instruction.</summary>
    Inline,
}

/// <summary>One turn of a conversation.</summary>
/// <param name="Role">Who speaks.</param>
/// <param name="Text">What is said; never read as control tokens or placeholders.</param>
/// <param name="Video">Where the video stands.</param>
public sealed record ChatTurn(ChatRole Role, string Text, VideoPlacement Video = VideoPlacement.None);
