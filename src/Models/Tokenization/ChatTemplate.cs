namespace HieraVid.Models.Tokenization;

/// <summary>
/// How a conversation becomes a prompt. The templates of the supported models differ in the system turn only.
/// </summary>
/// <param name="Name">The name by which a user selects it.</param>
/// <param name="System">The system turn's text, encoded literally like a user's; null for no such turn.</param>
public sealed record ChatTemplate(string Name, string? System)
{
    /// <summary>The token that ends a turn, and with it an answer.</summary>
    public const string StopToken = "<|im_end|>";

    /// <summary>LLaVA-OneVision, LLaVA-Video and Qwen2: "qwen_1_5".</summary>
    public static ChatTemplate Qwen15 { get; } = new("qwen_1_5", "You are a helpful assistant.");

    /// <summary>Qwen2.5: "qwen_2_5".</summary>
    public static ChatTemplate Qwen25 { get; } =
        new("qwen_2_5", "You are Qwen, created by Alibaba Cloud. You are a helpful assistant.");

    /// <summary>The chat format of the converted LLaVA checkpoints, which has no system turn: "hf".</summary>
    public static ChatTemplate HuggingFace { get; } = new("hf", null);

    /// <summary>Qwen2-VL and Qwen2.5-VL, whose video stands between two tokens, on the question's line: "qwen_vl".</summary>
    public static ChatTemplate QwenVl { get; } = Qwen15 with
    {
        Name = "qwen_vl",
        VideoStart = "<|vision_start|>",
        VideoEnd = "<|vision_end|>",
        Placement = VideoPlacement.Inline,
    };

    private static readonly ChatTemplate[] All = [Qwen15, Qwen25, HuggingFace, QwenVl];

    /// <summary>What stands right before a video.</summary>
    public string VideoStart { get; init; } = "";

    /// <summary>What stands right behind a video.</summary>
    public string VideoEnd { get; init; } = "";

    /// <summary>Where a video stands in its turn.</summary>
    public VideoPlacement Placement { get; init; } = VideoPlacement.OwnLine;

    /// <summary>The template of that name; "qwen_2" is another name of "qwen_1_5".</summary>
    /// <exception cref="ModelException">There is none.</exception>
    public static ChatTemplate ByName(string name) =>
        Array.Find(All, template => template.Name == (name == "qwen_2" ? Qwen15.Name : name))
        ?? throw ModelException.Unsupported("chat template", $"\"{name}\"",
            $"use one of {string.Join(", ", All.Select(template => template.Name))}");

    /// <summary>Lays a conversation out, up to the place where the assistant's next answer begins.</summary>
    /// <param name="turns">The turns so far; the last one is the user's.</param>
    /// <exception cref="ArgumentException">The last turn is not the user's, or there is none.</exception>
    public IReadOnlyList<PromptPiece> Format(IReadOnlyList<ChatTurn> turns)
    {
        if (turns.Count == 0 || turns[^1].Role != ChatRole.User)
            throw new ArgumentException("The last turn must be the user's.", nameof(turns));
        var pieces = new List<PromptPiece>();
        if (System is { } system)
            AddTurn("system", new ChatTurn(ChatRole.User, system));
        foreach (var turn in turns)
            AddTurn(turn.Role == ChatRole.User ? "user" : "assistant", turn);
        AddTemplate("<|im_start|>assistant\n");
        return pieces;

        void AddTurn(string role, ChatTurn turn)
        {
            AddTemplate($"<|im_start|>{role}\n");
            if (turn.Video != VideoPlacement.None)
            {
                AddTemplate(VideoStart);
                pieces.Add(new PromptPiece(PromptPieceKind.Video));
                AddTemplate(VideoEnd);
            }
            if (turn.Video == VideoPlacement.OwnLine)
                AddTemplate("\n");
            pieces.Add(new PromptPiece(PromptPieceKind.Literal, turn.Text));
            AddTemplate($"{StopToken}\n");
        }

        void AddTemplate(string text) => pieces.Add(new PromptPiece(PromptPieceKind.Template, text));
    }

    /// <summary>Lays a conversation out and encodes it.</summary>
    /// <param name="tokenizer">The checkpoint's tokenizer.</param>
    /// <param name="turns">The turns so far; the last one is the user's.</param>
    /// <exception cref="ModelException">The tokenizer lacks the template's control tokens.</exception>
    public PromptTokens Encode(ByteLevelTokenizer tokenizer, IReadOnlyList<ChatTurn> turns)
    {
        foreach (var control in new[] { "<|im_start|>", StopToken, VideoStart, VideoEnd }.Where(text => text.Length > 0))
            if (!tokenizer.TryFindAdded(control, out _))
                throw ModelException.Unsupported("tokenizer", $"chat without the token {control}",
                    "use the tokenizer of a chat model");
        return PromptEncoder.Encode(tokenizer, Format(turns));
    }
}
