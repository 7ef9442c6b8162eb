using HieraVid.Models.Configuration;

namespace HieraVid.Models.Tests.Configuration;

public sealed class PreprocessorConfigTests : IDisposable
{
    private static readonly SiglipVisionConfig Tower = new() { ImageSize = 104, PatchSize = 14 };

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void The_fixture_is_read_and_survives_writing()
    {
        var config = PreprocessorConfig.Load(Fixtures.Find("siglip-tiny-odd"), Tower);
        Assert.Equal((104, 104, ResampleFilter.Bicubic), (config.ImageHeight, config.ImageWidth, config.Resample));
        Assert.Equal([0.5f, 0.5f, 0.5f], config.Mean);
        Assert.Equal(1 / 255.0, config.RescaleFactor);
        Write(config.ToJson());
        Assert.Equal(config.ToJson(), PreprocessorConfig.Load(folder.Path, Tower).ToJson());
    }

    [Fact]
    public void Without_a_file_the_tower_decides()
    {
        var config = PreprocessorConfig.Load(folder.Path, Tower);
        Assert.Equal((104, 104, ResampleFilter.Bicubic), (config.ImageHeight, config.ImageWidth, config.Resample));
    }

    [Theory]
    [InlineData("""{"size":104,"resample":2}""")]
    [InlineData("""{"size":{"height":104,"width":104},"resample":2}""")]
    public void A_size_is_a_number_or_a_pair(string json)
    {
        Write(json);
        Assert.Equal(ResampleFilter.Bilinear, PreprocessorConfig.Load(folder.Path, Tower).Resample);
    }

    [Theory]
    [InlineData("""{"size":{"height":104,"width":100}}""", "size must be the tower's 104 x 104")]
    [InlineData("""{"resample":1}""", "resample must be an integer from 2 to 3 but is 1")]
    [InlineData("""{"image_mean":[0.5]}""", "image_mean must be a list of 3 numbers")]
    [InlineData("""{"image_std":[0.5,0,0.5]}""", "image_std must be")]
    [InlineData("""{"do_normalize":false}""", "do_normalize = false is not supported")]
    public void Odd_values_are_named(string json, string fault)
    {
        Write(json);
        Assert.Contains(fault, Assert.Throws<ModelException>(() => PreprocessorConfig.Load(folder.Path, Tower)).Message,
            StringComparison.Ordinal);
    }

    private void Write(string json) => File.WriteAllText(folder.File("preprocessor_config.json"), json);
}
