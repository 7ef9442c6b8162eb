using HieraVid.Models.Configuration;
using HieraVid.Models.Llava;
using HieraVid.Models.Tokenization;
using HieraVid.World;
using HieraVid.World.Questions;

namespace HieraVid.Train;

/// <summary>The model that is trained: its dimensions and its vocabulary.</summary>
internal static class WorldModel
{
    private const int CorpusVideos = 800;

    /// <summary>Merges that make every word of the world's questions and answers, and of the prompt, one token.</summary>
    /// <param name="folder">A model's folder. Once it has a tokenizer it keeps it: the weights belong to its numbers.</param>
    internal static IReadOnlyList<(string Left, string Right)> Merges(string folder)
    {
        var path = Path.Combine(folder, "merges.txt");
        return File.Exists(path)
            ? [.. File.ReadLines(path).Skip(1).Select(line => line.Split(' ')).Select(pair => (pair[0], pair[1]))]
            : BytePairTrainer.Train(Corpus());
    }

    /// <summary>The network for a vocabulary of so many merges.</summary>
    internal static LlavaConfig Config(int merges)
    {
        var first = 256 + merges;
        return new LlavaConfig
        {
            Naming = LlavaNaming.HuggingFace,
            Text = new Qwen2Config
            {
                VocabularySize = (first + 5 + 63) / 64 * 64,
                HiddenSize = 128,
                IntermediateSize = 256,
                LayerCount = 28,
                HeadCount = 2,
                KeyValueHeadCount = 2,
                RopeTheta = 1_000_000,
                TieWordEmbeddings = true,
                EosTokenIds = [first + 2],
            },
            Vision = new SiglipVisionConfig
            {
                HiddenSize = 128,
                IntermediateSize = 256,
                LayerCount = 4,
                HeadCount = 4,
                ImageSize = 128,
                PatchSize = 8,
                HasHead = false,
            },
            ImageTokenId = first + 3,
            VideoTokenId = first + 4,
        };
    }

    private static IEnumerable<string> Corpus()
    {
        yield return "user\n";
        yield return "assistant\n";
        for (var seed = 0; seed < CorpusVideos; seed++)
        {
            var video = VideoGenerator.Create(seed, Split.Train, new VideoOptions(1 + seed % 20, VideoOptions.TrainingTextures));
            foreach (var question in QuestionWriter.Write(video, SeededRandom.For(seed, "questions"), 16))
            {
                yield return $"\n{question.Text}";
                yield return question.Answer;
            }
        }
    }
}
