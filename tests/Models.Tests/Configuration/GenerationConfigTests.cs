using HieraVid.Models.Configuration;

namespace HieraVid.Models.Tests.Configuration;

public sealed class GenerationConfigTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void The_fixture_is_read()
    {
        var config = GenerationConfig.Load(Fixtures.Find("llava-onevision-tiny"));
        Assert.Equal([602, 600], config.EosTokenIds);
        Assert.Equal((1.05, true, 0.7, 0.8, 20),
            (config.RepetitionPenalty, config.DoSample, config.Temperature, config.TopP, config.TopK));
    }

    [Theory]
    [InlineData("""{"eos_token_id":5}""", new[] { 5 })]
    [InlineData("""{"eos_token_id":[5,7]}""", new[] { 5, 7 })]
    [InlineData("""{}""", new int[0])]
    public void Ids_are_a_number_or_a_list(string json, int[] expected)
    {
        File.WriteAllText(folder.File("generation_config.json"), json);
        var config = GenerationConfig.Load(folder.Path);
        Assert.Equal(expected, config.EosTokenIds);
        File.WriteAllText(folder.File("generation_config.json"), config.ToJson());
        Assert.Equal(expected, GenerationConfig.Load(folder.Path).EosTokenIds);
    }

    [Fact]
    public void Without_a_file_decoding_is_greedy_and_stops_where_the_model_says()
    {
        File.WriteAllText(folder.File("config.json"), """{"architectures":["Qwen2ForCausalLM"],"eos_token_id":9}""");
        var config = GenerationConfig.Load(folder.Path);
        Assert.Equal([9], config.EosTokenIds);
        Assert.Equal((1.0, false, 1.0, 1.0), (config.RepetitionPenalty, config.DoSample, config.Temperature, config.TopP));
    }

    [Theory]
    [InlineData("""{"repetition_penalty":0}""", "repetition_penalty must be a number from 0.01 to 100 but is 0")]
    [InlineData("""{"top_p":1.5}""", "top_p must be")]
    [InlineData("""{"top_k":-1}""", "top_k must be")]
    public void Odd_values_are_named(string json, string fault)
    {
        File.WriteAllText(folder.File("generation_config.json"), json);
        Assert.Contains(fault, Assert.Throws<ModelException>(() => GenerationConfig.Load(folder.Path)).Message,
            StringComparison.Ordinal);
    }
}
