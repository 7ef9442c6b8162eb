using System.Security.Cryptography;
using HieraVid.Models.Checkpoints;
using HieraVid.Models.Configuration;
using HieraVid.Models.Generation;
using HieraVid.Models.Llava;
using HieraVid.Models.Safetensors;
using HieraVid.Torch;
using static TorchSharp.torch;

namespace HieraVid.Models.Tests;

public class RandomCheckpointTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void The_same_seed_gives_the_same_bytes_and_another_seed_others()
    {
        using var folder = new TemporaryFolder();
        Create(folder.File("a"), seed: 1);
        Create(folder.File("b"), seed: 1);
        Create(folder.File("c"), seed: 2);
        Assert.Equal(Digests(folder.File("a")), Digests(folder.File("b")));
        Assert.NotEqual(Digests(folder.File("a"))["model.safetensors"], Digests(folder.File("c"))["model.safetensors"]);
        Assert.Equal(["a", "b", "c"], folder.Names);
    }

    [Fact]
    public void A_tiny_checkpoint_loads_and_answers_the_same_each_time()
    {
        using var folder = new TemporaryFolder();
        Create(folder.File("tiny"), seed: 3);
        Assert.True(Directory.GetFiles(folder.File("tiny")).Sum(file => new FileInfo(file).Length) < 8 << 20);
        var first = Answer(folder.File("tiny"));
        Assert.Equal(16, first.Count);
        Assert.Equal(first, Answer(folder.File("tiny")));
    }

    [Fact]
    public void Activations_neither_vanish_nor_explode()
    {
        using var folder = new TemporaryFolder();
        Create(folder.File("tiny"), seed: 4);
        using var model = LlavaModel.Load(folder.File("tiny"), Compute.Reference);
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        using var cache = model.Decoder.NewCache();
        var tokens = model.Sequence(model.Encode(Frames(model)));
        var deviations = new List<double> { Deviation(tokens.Tokens) };
        var positions = Enumerable.Range(0, (int)tokens.Tokens.shape[0]).Select(i => (long)i).ToArray();
        var hidden = model.Decoder.Forward(
            tokens.Tokens, positions, cache, observe: (_, x) => deviations.Add(Deviation(x)), cancellation: Token);
        deviations.Add(Deviation(model.Decoder.Logits(hidden)));
        Assert.All(deviations, deviation => Assert.InRange(deviation, 0.05, 5));
    }

    [Theory]
    [InlineData("tiny")]
    [InlineData("0.5b")]
    [InlineData("7b")]
    [InlineData("qwen2-vl-7b")]
    [InlineData("qwen2.5-vl-7b")]
    public void The_tensors_are_those_that_the_configuration_demands(string name)
    {
        var preset = CheckpointPreset.Parse(name);
        var tensors = preset.Config.Tensors(DType.BF16);
        Assert.Equal(tensors.Count, tensors.Select(tensor => tensor.Name).Distinct().Count());
        // The published models: 0.9 billion (0.49 of them Qwen2's), 8.0 billion (7.6 of them Qwen2's), and 8.29 of Qwen-VL's.
        var billions = tensors.Sum(tensor => tensor.ByteCount) / 2e9;
        Assert.InRange(billions, name switch { "tiny" => 0.0005, "0.5b" => 0.88, "7b" => 8.0, _ => 8.28 },
            name switch { "tiny" => 0.003, "0.5b" => 0.91, "7b" => 8.1, _ => 8.30 });
    }

    [Fact]
    public void Info_reads_what_was_written()
    {
        using var folder = new TemporaryFolder();
        Create(folder.File("tiny"), seed: 5);
        var info = CheckpointInfo.Read(folder.File("tiny"));
        var tensors = CheckpointPreset.Tiny.Config.Tensors(DType.BF16);
        Assert.Equal("LLaVA-OneVision (HuggingFace naming)", info.Architecture);
        Assert.Equal(["BF16"], info.StoredTypes);
        Assert.Equal(tensors.Sum(tensor => tensor.ByteCount), info.Bytes);
        Assert.Equal(info.Bytes / 2, info.Parameters);
        Assert.Equal(0, info.OtherParameters);
        Assert.Equal((64 * 128 + 128) + (128 * 128 + 128) + 128, info.ProjectorParameters);
        Assert.Equal((2, 8, 196, 32768, 1), (info.TowerLayers, info.DecoderLayers, info.TokensPerFrame, info.Window, info.Files));
        // Eight layers, keys and values, two heads of 32.
        Assert.Equal(8 * 2 * 2 * 32, info.CacheValuesPerToken);
        Assert.Equal(info.Bytes + 1024L * 32768 * 2, info.MemoryBytes(2));
    }

    [Fact]
    public void A_folder_with_something_in_it_is_left_alone()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("mine.txt"), "keep");
        var error = Assert.Throws<ModelException>(() => Create(folder.Path, seed: 6));
        Assert.Contains(folder.Path, error.Message, StringComparison.Ordinal);
        Assert.Equal(["mine.txt"], folder.Names);
    }

    [Fact]
    public void Cancelling_leaves_nothing_behind()
    {
        using var folder = new TemporaryFolder();
        using var source = new CancellationTokenSource();
        var progress = new Cancelling(source);
        Assert.Throws<OperationCanceledException>(
            () => RandomCheckpoint.Create(folder.File("tiny"), CheckpointPreset.Tiny, 7, progress, source.Token));
        Assert.Empty(folder.Names);
    }

    [Fact]
    public void A_place_that_cannot_be_written_is_named_and_nothing_is_left_behind()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("file"), "");
        var error = Assert.Throws<ModelException>(
            () => Create(Path.Combine(folder.File("file"), "tiny"), seed: 8));
        Assert.Contains("tiny", error.Message, StringComparison.Ordinal);
        Assert.Equal(["file"], folder.Names);
    }

    private static void Create(string folder, int seed) =>
        RandomCheckpoint.Create(folder, CheckpointPreset.Tiny, seed, cancellation: Token);

    private static List<int> Answer(string folder)
    {
        using var model = LlavaModel.Load(folder, Compute.Reference);
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var video = model.Sequence(model.Encode(Frames(model)));
        using var session = new DecodingSession(model.Decoder);
        var logits = session.Prefill(model.Splice([1, 2, 3], video.Tokens, [4, 5]), cancellation: Token);
        var ids = new List<int>();
        TokenGenerator.Run(session, logits, new SamplingOptions { MaxTokens = 16 }, ids.Add, cancellation: Token);
        return ids;
    }

    private static Tensor Frames(LlavaModel model)
    {
        var bytes = new byte[2 * 384 * 384 * 3];
        new Random(11).NextBytes(bytes);
        return model.Patches(TensorData.From<byte>(bytes, 2, 384, 384, 3), [0.5f, 0.5f, 0.5f], [0.5f, 0.5f, 0.5f]);
    }

    private static double Deviation(Tensor x)
    {
        using var scope = NewDisposeScope();
        var centred = x - x.mean();
        return Math.Sqrt((centred * centred).mean().item<float>());
    }

    private static Dictionary<string, string> Digests(string folder) => Directory.GetFiles(folder)
        .ToDictionary(file => Path.GetFileName(file), file => Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(file))));

    private sealed class Cancelling(CancellationTokenSource source) : IProgress<double>
    {
        public void Report(double value)
        {
            if (value > 0.5)
                source.Cancel();
        }
    }
}
