using HieraVid.Models.Configuration;
using HieraVid.Models.Llava;

namespace HieraVid.Models.Tests.Configuration;

public sealed class ConfigTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Qwen2_takes_the_class_defaults_for_absent_keys()
    {
        var config = Assert.IsType<Qwen2Config>(Load("""{"architectures":["Qwen2ForCausalLM"]}"""));
        Assert.Equal(
            (151936, 4096, 22016, 32, 32, 32, 128),
            (config.VocabularySize, config.HiddenSize, config.IntermediateSize, config.LayerCount, config.HeadCount,
                config.KeyValueHeadCount, config.HeadSize));
        Assert.Equal((32768, 1e-6, 10000.0, false),
            (config.MaxPositions, config.RmsNormEpsilon, config.RopeTheta, config.TieWordEmbeddings));
        Assert.Empty(config.EosTokenIds);
    }

    [Fact]
    public void Siglip_takes_the_class_defaults_for_absent_keys()
    {
        var config = Assert.IsType<SiglipVisionConfig>(
            Load("""{"architectures":["SiglipModel"],"vision_config":{"model_type":"siglip_vision_model"}}"""));
        Assert.Equal((768, 3072, 12, 12, 3, 224, 16, 196, 1e-6),
            (config.HiddenSize, config.IntermediateSize, config.LayerCount, config.HeadCount, config.ChannelCount,
                config.ImageSize, config.PatchSize, config.PatchCount, config.LayerNormEpsilon));
        Assert.True(config.HasHead);
    }

    [Fact]
    public void Qwen2_fixture_is_read()
    {
        var config = ModelConfig.Load<Qwen2Config>(Fixtures.Find("qwen2-tiny-tied"));
        Assert.Equal((640, 48, 128, 3, 6, 2, 8),
            (config.VocabularySize, config.HiddenSize, config.IntermediateSize, config.LayerCount, config.HeadCount,
                config.KeyValueHeadCount, config.HeadSize));
        Assert.True(config.TieWordEmbeddings);
        Assert.Equal(1e6, config.RopeTheta);
        Assert.Equal([602], config.EosTokenIds);
    }

    [Fact]
    public void Lmms_lab_fixtures_are_read()
    {
        var oneVision = ModelConfig.Load<LlavaConfig>(Fixtures.Find("llava-onevision-tiny"));
        Assert.Equal((LlavaNaming.LmmsLab, PoolMode.Bilinear, NewlinePosition.OneToken, 32768, false),
            (oneVision.Naming, oneVision.Pool, oneVision.Newline, oneVision.MaxTokens, oneVision.AddTimeInstruction));
        Assert.Equal((64, false, "google/siglip-so400m-patch14-384", 48),
            (oneVision.Text.HiddenSize, oneVision.TieWordEmbeddings, oneVision.VisionTowerName, oneVision.VisionHiddenSize));

        var video = ModelConfig.Load<LlavaConfig>(Fixtures.Find("llava-video-tiny"));
        Assert.Equal((PoolMode.Average, NewlinePosition.Grid, true, true, true),
            (video.Pool, video.Newline, video.TieWordEmbeddings, video.AddTimeInstruction, video.ForceSample));
    }

    [Fact]
    public void Hugging_face_fixture_is_read_and_ignores_pool_settings()
    {
        var config = ModelConfig.Load<LlavaConfig>(Fixtures.Find("llava-onevision-tiny-hf"));
        Assert.Equal((LlavaNaming.HuggingFace, PoolMode.Bilinear, NewlinePosition.OneToken, 603, 604),
            (config.Naming, config.Pool, config.Newline, config.ImageTokenId, config.VideoTokenId));
        Assert.Equal((48, 3, 384, 14, 27),
            (config.Vision!.HiddenSize, config.Vision.LayerCount, config.Vision.ImageSize, config.Vision.PatchSize,
                config.Vision.GridSize));
        Assert.Equal(3, config.ResolveVision().LayerCount);
        Assert.Equal((704, 3, 1e-6), (config.Text.VocabularySize, config.Text.LayerCount, config.Text.RmsNormEpsilon));

        var odd = Assert.IsType<LlavaConfig>(Load(
            """{"architectures":["LlavaOnevisionForConditionalGeneration"],"mm_spatial_pool_mode":"average","mm_newline_position":"grid"}"""));
        Assert.Equal((PoolMode.Bilinear, NewlinePosition.OneToken), (odd.Pool, odd.Newline));
    }

    [Fact]
    public void The_original_tower_supplies_the_dimensions_that_llava_lacks()
    {
        var config = ModelConfig.Load<LlavaConfig>(Fixtures.Find("llava-video-tiny"));
        var tower = config.ResolveVision(Fixtures.Find("siglip-tiny-384"));
        Assert.Equal((48, 3, 4, 27, false),
            (tower.HiddenSize, tower.LayerCount, tower.HeadCount, tower.GridSize, tower.HasHead));

        Assert.Contains("hidden_size must be 48", Message(() => config.ResolveVision()), StringComparison.Ordinal);
        Assert.Contains("hidden_size must be 48", Message(() => config.ResolveVision(Fixtures.Find("siglip-tiny-odd"))),
            StringComparison.Ordinal);
        var real = config with { VisionHiddenSize = 1152 };
        Assert.Equal((26, 729), (real.ResolveVision().LayerCount, real.ResolveVision().PatchCount));
        Assert.Contains("only google/siglip-so400m-patch14-384 is built in",
            Message(() => (config with { VisionTowerName = "other/tower" }).ResolveVision()), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(-1, 3)]
    [InlineData(-2, 2)]
    [InlineData(1, 1)]
    public void A_feature_layer_counts_from_either_end(int layer, int expected)
    {
        var config = ModelConfig.Load<LlavaConfig>(Fixtures.Find("llava-onevision-tiny-hf"));
        Assert.Equal(expected, (config with { VisionFeatureLayer = layer }).ResolveVision().LayerCount);
    }

    [Theory]
    [InlineData("", NewlinePosition.NoToken)]
    [InlineData(""","mm_patch_merge_type":"spatial_unpad" """, NewlinePosition.OneToken)]
    [InlineData(""","mm_patch_merge_type":"spatial" """, NewlinePosition.NoToken)]
    [InlineData(""","mm_patch_merge_type":"spatial","mm_newline_position":"frame" """, NewlinePosition.Frame)]
    [InlineData(""","mm_patch_merge_type":"flat","mm_newline_position":"grid" """, NewlinePosition.NoToken)]
    [InlineData(""","mm_patch_merge_type":"spatial_unpad","mm_newline_position":"no_token" """, NewlinePosition.NoToken)]
    public void Newlines_follow_the_merge_type(string keys, NewlinePosition expected)
    {
        var config = Assert.IsType<LlavaConfig>(Load($$"""{"architectures":["LlavaQwenForCausalLM"]{{keys}}}"""));
        Assert.Equal(expected, config.Newline);
    }

    [Theory]
    [InlineData(""" "hidden_size":"64" """, "hidden_size must be an integer from 1 to 1048576 but is \"64\"")]
    [InlineData(""" "hidden_size":0 """, "hidden_size must be")]
    [InlineData(""" "hidden_size":1e20 """, "hidden_size must be")]
    [InlineData(""" "num_hidden_layers":1001 """, "from 1 to 1000 but is 1001")]
    [InlineData(""" "num_attention_heads":28 """, "hidden_size must be a multiple of twice the 28 heads but is missing")]
    [InlineData(""" "num_key_value_heads":5 """, "num_key_value_heads must be a divisor of the 32 heads")]
    [InlineData(""" "rms_norm_eps":"x" """, "rms_norm_eps must be a number")]
    [InlineData(""" "tie_word_embeddings":1 """, "tie_word_embeddings must be true or false")]
    [InlineData(""" "hidden_act":"gelu" """, "hidden_act = \"gelu\" is not supported")]
    [InlineData(""" "use_sliding_window":true """, "use_sliding_window = true is not supported")]
    [InlineData(""" "rope_scaling":{"type":"yarn","factor":4} """, "rope_scaling.type = \"yarn\" is not supported")]
    [InlineData(""" "rope_scaling":{"factor":4} """, "rope_scaling.factor = 4 is not supported")]
    [InlineData(""" "rope_parameters":{"rope_type":"linear"} """, "rope_parameters.rope_type = \"linear\" is not supported")]
    [InlineData(""" "head_dim":64 """, "head_dim = 64 is not supported")]
    [InlineData(""" "eos_token_id":"x" """, "eos_token_id must be")]
    [InlineData(""" "eos_token_id":[-1] """, "eos_token_id must be")]
    public void An_odd_value_names_file_key_and_what_was_found(string pair, string fault)
    {
        var message = Message(() => Load($$"""{"architectures":["Qwen2ForCausalLM"],{{pair}}}"""));
        Assert.StartsWith(folder.File("config.json"), message, StringComparison.Ordinal);
        Assert.Contains(fault, message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(""" "mm_spatial_pool_mode":"median" """, "mm_spatial_pool_mode must be one of bilinear, average, max")]
    [InlineData(""" "mm_newline_position":"row" """, "mm_newline_position must be one of")]
    [InlineData(""" "mm_projector_type":"linear" """, "mm_projector_type = \"linear\" is not supported")]
    [InlineData(""" "mm_patch_merge_type":"unpad" """, "mm_patch_merge_type must be")]
    [InlineData(""" "add_faster_video":true """, "add_faster_video = true is not supported")]
    public void An_odd_llava_value_is_named(string pair, string fault) => Assert.Contains(
        fault, Message(() => Load($$"""{"architectures":["LlavaQwenForCausalLM"],{{pair}}}""")), StringComparison.Ordinal);

    [Theory]
    [InlineData(""" "vision_config":{"patch_size":300} """, "vision_config.patch_size must be")]
    [InlineData(""" "vision_config":{"model_type":"clip_vision_model"} """, "vision_config.model_type = \"clip_vision_model\"")]
    [InlineData(""" "vision_config":{"hidden_act":"gelu"} """, "vision_config.hidden_act")]
    [InlineData(""" "vision_config":[] """, "vision_config must be an object")]
    [InlineData(""" "text_config":{"model_type":"llama"} """, "text_config.model_type = \"llama\"")]
    [InlineData(""" "vision_feature_layer":-20 """, "vision_feature_layer must be")]
    public void An_odd_nested_value_is_named_with_its_parents(string pair, string fault) => Assert.Contains(
        fault, Message(() => Load($$"""{"architectures":["LlavaOnevisionForConditionalGeneration"],{{pair}}}""")),
        StringComparison.Ordinal);

    [Theory]
    [InlineData("""{"architectures":["LlamaForCausalLM"]}""", "architecture LlamaForCausalLM is not supported; use a checkpoint of LlavaQwenForCausalLM, LlavaOnevisionForConditionalGeneration, Qwen2VLForConditionalGeneration")]
    [InlineData("{}", "a configuration without architectures is not supported")]
    [InlineData("[]", "not a JSON object")]
    [InlineData("{", "not valid JSON")]
    public void An_unsupported_architecture_is_named_with_the_supported_ones(string json, string fault) =>
        Assert.Contains(fault, Message(() => Load(json)), StringComparison.Ordinal);

    [Fact]
    public void Asking_for_another_kind_of_network_is_an_error()
    {
        Assert.Contains("a Qwen2 checkpoint is not supported; a Llava checkpoint is needed",
            Message(() => ModelConfig.Load<LlavaConfig>(Fixtures.Find("qwen2-tiny"))), StringComparison.Ordinal);
        Assert.Contains("config.json was not found", Message(() => ModelConfig.Load(folder.Path)), StringComparison.Ordinal);
    }

    public static TheoryData<string> CheckpointNames => [.. Fixtures.Checkpoints];

    [Theory]
    [MemberData(nameof(CheckpointNames))]
    public void A_configuration_survives_writing(string name)
    {
        var config = ModelConfig.Load(Fixtures.Find(name));
        var copy = Load(config.ToJson());
        Assert.Equal(config.GetType(), copy.GetType());
        Assert.Equal(config.ToJson(), copy.ToJson());
    }

    private ModelConfig Load(string json)
    {
        File.WriteAllText(folder.File("config.json"), json);
        return ModelConfig.Load(folder.Path);
    }

    private static string Message(Func<object> read) => Assert.Throws<ModelException>(read).Message;
}
