using System.Text.Json;
using HieraVid.Models.Llava;
using HieraVid.Models.Tokenization;

namespace HieraVid.Client.Verification;

/// <summary>Golden values of the tokenizer: text to ids, ids to text, whole prompts with the video's place.</summary>
internal static class TokenizerGolden
{
    internal static void Run(GoldenFolder golden)
    {
        var tokenizer = ByteLevelTokenizer.Load(golden.Path);
        foreach (var item in golden.Cases.GetProperty("cases").EnumerateArray())
        {
            var (name, ids) = (item.GetProperty("name").GetString()!, Ids(item));
            golden.CompareExactly($"encode {name}", tokenizer.Encode(Text(item, "text"), allowSpecial: true), ids);
            golden.CompareExactly($"decode {name}", [tokenizer.Decode(ids, skipSpecial: false), tokenizer.Decode(ids)],
                new[] { Text(item, "decoded"), Text(item, "decoded_skip_special") });
        }
        var slice = 0;
        foreach (var item in golden.Cases.GetProperty("decode_cases").EnumerateArray())
            golden.CompareExactly($"decode slice {slice++}", [tokenizer.Decode(Ids(item), skipSpecial: false)], new[] { Text(item, "decoded") });
        foreach (var item in golden.Cases.GetProperty("conversations").EnumerateArray())
            Conversation(golden, tokenizer, item);
    }

    /// <summary>The prompts that a LLaVA case pins: the ids around the video, and the -hf chat format.</summary>
    internal static void Prompts(GoldenFolder golden, LlavaConfig config)
    {
        if (!golden.Has("chat_input_ids"))
            return;
        var tokenizer = ByteLevelTokenizer.Load(golden.Path);
        var prompt = golden.Cases.GetProperty("info").GetProperty("chat_prompt").GetString()!;
        var question = prompt.Split("<video>\n")[1].Split("<|im_end|>")[0];
        var encoded = ChatTemplate.HuggingFace.Encode(tokenizer, [new ChatTurn(ChatRole.User, question, VideoPlacement.OwnLine)]);
        var expected = golden.Integers("chat_input_ids");
        var videoTokens = expected.Count(id => id == config.VideoTokenId);
        var expanded = encoded.Ids.SelectMany(id => id == PromptTokens.VideoPlaceholder
            ? Enumerable.Repeat((long)config.VideoTokenId, videoTokens)
            : [id]);
        golden.CompareExactly("chat_input_ids", expanded.ToArray(), expected);
    }

    private static void Conversation(GoldenFolder golden, ByteLevelTokenizer tokenizer, JsonElement item)
    {
        var name = item.GetProperty("name").GetString()!;
        var encoded = PromptEncoder.EncodeTrusted(tokenizer, Text(item, "prompt"));
        golden.CompareExactly($"conversation {name}", encoded.Ids, Ids(item));
        golden.CompareExactly($"image positions {name}", encoded.VideoPositions,
            [.. item.GetProperty("image_positions").EnumerateArray().Select(i => i.GetInt32())]);

        // The same from the turns, which is how the product builds prompts: user text with control tokens switched off.
        var turns = item.GetProperty("turns").EnumerateArray().Where(turn => turn[1].ValueKind == JsonValueKind.String)
            .Select(turn => Turn(turn[0].GetString()!, turn[1].GetString()!)).ToList();
        if (turns.Any(turn => turn.Text.Contains("<image>", StringComparison.Ordinal)))
            return;
        var built = ChatTemplate.ByName(Text(item, "template")).Encode(tokenizer, turns);
        golden.CompareExactly($"turns {name}", built.Ids, Ids(item));
    }

    private static ChatTurn Turn(string role, string text)
    {
        var who = role == "user" ? ChatRole.User : ChatRole.Assistant;
        if (text.StartsWith("<image>\n", StringComparison.Ordinal))
            return new ChatTurn(who, text["<image>\n".Length..], VideoPlacement.OwnLine);
        return text.StartsWith("<image>", StringComparison.Ordinal)
            ? new ChatTurn(who, text["<image>".Length..], VideoPlacement.Inline)
            : new ChatTurn(who, text);
    }

    private static int[] Ids(JsonElement item) => [.. item.GetProperty("ids").EnumerateArray().Select(id => id.GetInt32())];

    private static string Text(JsonElement item, string name) => item.GetProperty(name).GetString()!;
}
