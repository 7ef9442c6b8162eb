using HieraVid.Models.Checkpoints;
using HieraVid.Models.Configuration;
using HieraVid.Models.Qwen25Vl;
using HieraVid.Models.Qwen2Vl;

namespace HieraVid.Models.Tests.Configuration;

public sealed class QwenVlConfigTests
{
    [Theory]
    [InlineData("tiny-llava-video")]
    [InlineData("llava-video-7b")]
    [InlineData("tiny-qwen2-vl")]
    [InlineData("qwen2-vl-7b")]
    [InlineData("tiny-qwen2.5-vl")]
    [InlineData("qwen2.5-vl-7b")]
    public void What_is_written_reads_back_the_same(string preset)
    {
        using var folder = new TemporaryFolder();
        var text = CheckpointPreset.Parse(preset).Config.ToJson();
        File.WriteAllText(folder.File("config.json"), text);
        Assert.Equal(text, ModelConfig.Load(folder.Path).ToJson());
    }

    [Fact]
    public void The_published_files_dimensions_are_read()
    {
        var config = ModelConfig.Load<Qwen2VlConfig>(Fixtures.Find("qwen2vl-tiny"));
        Assert.Equal((3, 32, 128, 2, 64), (config.Vision.LayerCount, config.Vision.HiddenSize, config.Vision.IntermediateSize, config.Vision.HeadCount, config.Text.HiddenSize));
        Assert.Equal([2, 3, 3], config.Text.RopeSections);
        Assert.Equal((612, 613, 32768), (config.ImageTokenId, config.VideoTokenId, config.MaxTokens));
    }

    [Theory]
    [InlineData("Qwen2VLForConditionalGeneration", "", "rope_parameters.mrope_section must be three numbers")]
    [InlineData("Qwen2VLForConditionalGeneration", Rope + ""","vision_config":{"hidden_size":7}""", "vision_config.hidden_size must be the decoder's width, 4096")]
    [InlineData("Qwen2VLForConditionalGeneration", Rope + ""","vision_config":{"hidden_size":4096,"hidden_act":"gelu"}""", "vision_config.hidden_act = \"gelu\" is not supported")]
    [InlineData("Qwen2_5_VLForConditionalGeneration", Rope + ""","vision_config":{"out_hidden_size":4096,"window_size":100}""", "vision_config.window_size must be a multiple")]
    [InlineData("Qwen2_5_VLForConditionalGeneration", Rope + ""","vision_config":{"out_hidden_size":4096,"num_heads":7}""", "vision_config.hidden_size must be a multiple of four times the 7 heads")]
    [InlineData("Qwen2_5_VLForConditionalGeneration", ""","rope_scaling":{"type":"yarn","mrope_section":[16,24,24]}""", "rope_scaling.type = \"yarn\" is not supported")]
    public void A_bad_value_is_named(string architecture, string keys, string fault)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("config.json"), $$"""{"architectures":["{{architecture}}"]{{keys}}}""");
        var error = Assert.Throws<ModelException>(() => ModelConfig.Load(folder.Path));
        Assert.Contains(fault, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_whose_tower_keys_are_those_of_the_newer_family_is_that_family()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("config.json"), $$$"""
            {"architectures":["Qwen2_5_VLForConditionalGeneration"]{{{Rope}}},"vision_config":{"out_hidden_size":4096,"tokens_per_second":2}}
            """);
        var config = ModelConfig.Load<Qwen25VlConfig>(folder.Path);
        Assert.Equal((1280, 3420, 112, 2), (config.Vision.HiddenSize, config.Vision.IntermediateSize, config.WindowSize, config.TokensPerSecond));
        Assert.Equal([7, 15, 23, 31], config.WholeBlocks);
    }

    private const string Rope = ""","rope_scaling":{"type":"mrope","mrope_section":[16,24,24]}""";
}
