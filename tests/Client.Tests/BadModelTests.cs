using System.Text.Json.Nodes;

namespace HieraVid.Client.Tests;

public class BadModelTests : ClientTest
{
    public BadModelTests() => MakeVideo("v.mp4", 0.2);

    [Fact]
    public async Task No_folder() => (await Ask("nowhere")).RefusesNaming("nowhere", "not found");

    [Fact]
    public async Task A_name_that_was_not_pulled() => (await Ask("lmms-lab/llava-onevision"))
        .RefusesNaming("lmms-lab/llava-onevision was not found", "get it with: hieravid model pull lmms-lab/llava-onevision");

    [Fact]
    public async Task A_file_in_place_of_a_folder() => (await Ask("v.mp4")).RefusesNaming("v.mp4", "folder");

    [Fact]
    public async Task An_empty_folder()
    {
        Directory.CreateDirectory(At("model"));
        (await Ask("model")).RefusesNaming("model/config.json", "not found");
    }

    [Theory]
    [InlineData("config.json")]
    [InlineData("model.safetensors")]
    public async Task An_incomplete_folder(string missing)
    {
        File.Delete(Path.Combine(At(CopyModel()), missing));
        (await Ask("model")).RefusesNaming($"model/{missing}", "not found");
        (await RunAsync("model", "info", "model")).RefusesNaming($"model/{missing}");
        NothingIsLeftBut("model", "v.mp4");
    }

    [Fact]
    public async Task A_folder_without_a_tokenizer()
    {
        foreach (var file in new[] { "tokenizer.json", "vocab.json", "merges.txt" })
            File.Delete(Path.Combine(At(CopyModelOnce()), file));
        (await Ask("model")).RefusesNaming("tokenizer.json");
    }

    [Fact]
    public async Task A_shard_that_is_missing()
    {
        Shard("model-00002-of-00002.safetensors");
        (await Ask("model")).RefusesNaming("model-00002-of-00002.safetensors");
    }

    [Fact]
    public async Task A_shard_that_is_damaged()
    {
        Shard(absent: null);
        // Cut off in the middle.
        var path = Path.Combine(At("model"), "model-00001-of-00002.safetensors");
        var bytes = await File.ReadAllBytesAsync(path, Cancel);
        await File.WriteAllBytesAsync(path, bytes[..(bytes.Length / 2)], Cancel);
        (await Ask("model")).RefusesNaming("model-00001-of-00002.safetensors", "damaged");
        (await RunAsync("model", "info", "model")).RefusesNaming("model-00001-of-00002.safetensors", "damaged");

        // A header of noise.
        Array.Fill(bytes, (byte)0xEE, 0, 64);
        await File.WriteAllBytesAsync(path, bytes, Cancel);
        (await Ask("model")).RefusesNaming("model-00001-of-00002.safetensors", "damaged");
    }

    [Theory]
    [InlineData("config.json", "{ \"architectures\": [\"Llava")]
    [InlineData("config.json", "")]
    [InlineData("config.json", "[1, 2]")]
    [InlineData("tokenizer.json", "{}")]
    [InlineData("generation_config.json", "nonsense")]
    [InlineData("preprocessor_config.json", "nonsense")]
    public async Task A_small_file_that_is_damaged(string name, string content)
    {
        await File.WriteAllTextAsync(Path.Combine(At(CopyModel()), name), content, Cancel);
        (await Ask("model")).RefusesNaming($"model/{name}");
    }

    [Fact]
    public async Task An_architecture_that_is_not_supported()
    {
        Directory.CreateDirectory(At("llama"));
        await File.WriteAllTextAsync(At("llama/config.json"), "{\"architectures\": [\"LlamaForCausalLM\"], \"model_type\": \"llama\"}", Cancel);
        (await Ask("llama")).RefusesNaming("llama/config.json", "LlamaForCausalLM");
        (await RunAsync("model", "info", "llama")).RefusesNaming("LlamaForCausalLM");
    }

    [Fact]
    public async Task A_model_that_takes_no_video() =>
        (await Ask(Repository.Fixture("qwen2-tiny"))).RefusesNaming("qwen2-tiny");

    [Fact]
    public async Task A_configuration_of_another_model()
    {
        var path = Path.Combine(At(CopyModel()), "config.json");
        var config = JsonNode.Parse(await File.ReadAllTextAsync(path, Cancel))!;
        config["text_config"]!["hidden_size"] = 128;
        await File.WriteAllTextAsync(path, config.ToJsonString(), Cancel);
        (await Ask("model")).RefusesNaming("model", "shape");
    }

    private Task<Outcome> Ask(string model) => RunAsync("ask", "v.mp4", "What?", "--model", model, "--max-tokens", "2");

    private string CopyModelOnce() => Directory.Exists(At("model")) ? "model" : CopyModel();

    // The single file as two shards: the second one holds nothing but the newline, the first one everything.
    private void Shard(string? absent)
    {
        var folder = At(CopyModel());
        var single = Path.Combine(folder, "model.safetensors");
        var bytes = File.ReadAllBytes(single);
        var header = JsonNode.Parse(bytes.AsSpan(8, (int)BitConverter.ToInt64(bytes)))!.AsObject();
        var map = new JsonObject();
        foreach (var name in header.Select(pair => pair.Key).Where(name => name != "__metadata__"))
            map[name] = name == "image_newline" ? "model-00002-of-00002.safetensors" : "model-00001-of-00002.safetensors";
        Assert.True(map.ContainsKey("image_newline"));
        File.WriteAllText(Path.Combine(folder, "model.safetensors.index.json"), new JsonObject { ["weight_map"] = map }.ToJsonString());
        File.Copy(single, Path.Combine(folder, "model-00002-of-00002.safetensors"));
        File.Move(single, Path.Combine(folder, "model-00001-of-00002.safetensors"));
        if (absent is not null)
            File.Delete(Path.Combine(folder, absent));
    }
}
