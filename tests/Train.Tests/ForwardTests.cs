using HieraVid.Models;
using HieraVid.Models.Configuration;
using HieraVid.Models.Llava;
using HieraVid.Models.Tokenization;
using HieraVid.Torch;
using HieraVid.Train.Data;
using HieraVid.Train.Network;
using HieraVid.World;
using static TorchSharp.torch;

namespace HieraVid.Train.Tests;

/// <summary>The trainer's network is a second definition of the product's; on one checkpoint both must say the same.</summary>
public sealed class ForwardTests : IDisposable
{
    private static readonly Stage Stage = new("all", 1, 2, 1, 1, 1, 0, 0);

    private readonly string _folder = Directory.CreateTempSubdirectory("hieravid-train-").FullName;
    private readonly TorchSharp.DisposeScope _scope = NewDisposeScope();

    public void Dispose()
    {
        _scope.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Theory]
    [InlineData(2, 2, 3, 3)]
    [InlineData(4, 2, 3, 7)] // grouped queries; frames with gaps in their positions
    public void An_exported_checkpoint_gives_the_trainers_logits(int heads, int keyValueHeads, int frames, int slots)
    {
        var merges = WorldModel.Merges(_folder);
        var config = WorldModel.Config(merges.Count);
        config = config with { Text = config.Text with { LayerCount = 3, HeadCount = heads, KeyValueHeadCount = keyValueHeads } };
        using var parameters = new ParameterSet(WorldNetwork.Tensors(config), ScalarType.Float32, CPU);
        InitialWeights.Fill(parameters, config, 11);
        parameters.Master.copy_(parameters.Master.to(bfloat16).to(float32)); // what the file will hold
        parameters.Refresh();
        Exporter.WriteTexts(_folder, config, merges);
        Exporter.WriteWeights(_folder, config, parameters);

        var batch = new BatchMaker(config, ByteLevelTokenizer.Load(_folder)).Make(
            new BatchPlan(5, Split.Validation, VideoOptions.TrainingTextures, 2, frames, 5, slots));
        using var off = no_grad();
        using var words = new LabelWords(ByteLevelTokenizer.Load(_folder), config.Text.VocabularySize, Compute.Reference);
        var trained = new WorldNetwork(config, words, Compute.Reference).Forward(batch, parameters.Leaves(), Stage).Logits!;
        using var product = LlavaModel.Load(_folder, Compute.Reference);
        for (var video = 0; video < batch.Size; video++)
        {
            var tokens = Encode(product, config, batch, video);
            foreach (var answer in batch.Answers.Where(answer => batch.Rows[answer.FirstRow] / batch.Length == video))
            {
                var expected = Logits(product, batch, video, tokens, answer);
                var found = trained.narrow(0, answer.FirstRow, answer.Count);
                Assert.True((expected - found).abs().max().item<float>() < 2e-4, answer.Question.Text);
            }
        }
    }

    private static Tensor Encode(LlavaModel product, LlavaConfig config, Batch batch, int video)
    {
        var side = config.ResolveVision().ImageSize;
        var bytes = batch.Frames * side * side * 3;
        var frames = TensorData.From<byte>(batch.Pixels.AsSpan(video * bytes, bytes), batch.Frames, side, side, 3);
        return product.Sequence(product.Encode(product.Patches(frames, [0.5f, 0.5f, 0.5f], [0.5f, 0.5f, 0.5f]))).Tokens;
    }

    // The question alone behind the video, as the product asks it.
    private static Tensor Logits(LlavaModel product, Batch batch, int video, Tensor tokens, PackedAnswer answer)
    {
        var shared = batch.Length - batch.TextLength;
        var last = (int)(batch.Rows[answer.FirstRow + answer.Count - 1] % batch.Length);
        var first = batch.Start[video * batch.Length + last];
        var ids = batch.Text.AsSpan(video * batch.TextLength + first - shared, last - first + 1);
        var positions = batch.Positions.AsSpan(video * batch.Length, shared).ToArray()
            .Concat(batch.Positions.AsSpan(video * batch.Length + first, ids.Length).ToArray()).ToArray();
        var output = product.Decoder.Forward(
            product.Splice(batch.Opening, tokens, ids), positions, product.Decoder.NewCache());
        return product.Decoder.Logits(output.narrow(0, output.shape[0] - answer.Count, answer.Count));
    }
}
