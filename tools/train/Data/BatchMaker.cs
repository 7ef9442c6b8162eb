using HieraVid.Models.Llava;
using HieraVid.Models.Tokenization;
using HieraVid.World;
using HieraVid.World.Questions;
using HieraVid.World.Rendering;

namespace HieraVid.Train.Data;

/// <summary>What a batch is made of.</summary>
/// <param name="Seed">The batch's own.</param>
/// <param name="Split">The part of the world.</param>
/// <param name="Textures">Styles of background.</param>
/// <param name="Size">Videos.</param>
/// <param name="Frames">Frames per video; as many seconds.</param>
/// <param name="Questions">Questions per video.</param>
/// <param name="Slots">Frames that positions are picked from; at least <paramref name="Frames"/>.</param>
/// <param name="Crowded">Whether the pictures are crowded.</param>
/// <param name="Kinds">The kinds of questions; null for all.</param>
internal sealed record BatchPlan(
    long Seed, Split Split, IReadOnlyList<Texture> Textures, int Size, int Frames, int Questions, int Slots, bool Crowded = false,
    IReadOnlyList<QuestionKind>? Kinds = null);

/// <summary>Renders videos, writes questions and packs them.</summary>
/// <param name="config">The model.</param>
/// <param name="tokenizer">Its tokenizer.</param>
internal sealed class BatchMaker(LlavaConfig config, ByteLevelTokenizer tokenizer)
{
    private const int Rounding = 16, BackgroundShare = 5, UnchangedShare = 4;
    private const double FramesPerSecond = 8;

    private readonly int _side = config.ResolveVision().ImageSize;
    private readonly int _grid = GridPooling.PooledSize(config.ResolveVision().GridSize, config.Pool);

    private readonly Names _names = new(tokenizer);

    private sealed record Piece(long[] Ids, int AnswerLength, Question Question);

    internal Batch Make(BatchPlan plan)
    {
        var videos = Enumerable.Range(0, plan.Size).Select(i => VideoGenerator.Create(
            plan.Seed * 4096 + i, plan.Split, new VideoOptions(plan.Frames, plan.Textures) { IsCrowded = plan.Crowded })).ToArray();
        var (pixels, labels) = Render(videos, plan.Frames);
        var pieces = videos.Select(video => QuestionWriter
            .Write(video, SeededRandom.For(video.Seed, "questions"), plan.Questions, plan.Kinds).Select(Encode).ToList()).ToList();
        return Pack(plan, videos, pixels, labels, pieces);
    }

    /// <summary>The moments that the product's uniform sampling takes from a file of such a length.</summary>
    internal static double[] Times(double duration, int frames)
    {
        var total = (int)(duration * FramesPerSecond);
        return [.. Enumerable.Range(0, frames)
            .Select(i => frames == 1 ? 0 : (int)(i * ((total - 1) / (double)(frames - 1))) / FramesPerSecond)];
    }

    private (byte[] Pixels, long[][] Labels) Render(WorldVideo[] videos, int frames)
    {
        var (bytes, cells) = (_side * _side * 3, _grid * _grid);
        var pixels = new byte[videos.Length * frames * bytes];
        var labels = CellLabel.Sizes.Select(_ => new long[videos.Length * frames * cells]).ToArray();
        for (var v = 0; v < videos.Length; v++)
        {
            var renderer = new FrameRenderer(videos[v], _side);
            var times = Times(videos[v].Duration, frames);
            for (var f = 0; f < frames; f++)
            {
                var frame = v * frames + f;
                renderer.Draw(times[f], pixels.AsSpan(frame * bytes, bytes));
                var truth = CellLabel.Of(videos[v], times[f], _grid);
                for (var c = 0; c < cells; c++)
                    for (var label = 0; label < labels.Length; label++)
                        labels[label][frame * cells + c] = IsAsked(label, truth[c], frame + c) ? truth[c][label] : Batch.Unasked;
            }
        }
        return (pixels, labels);
    }

    // Most cells are background, and most sprites stay as they are: asked all the same, they would drown what is to be learned of
    // the few others.
    private static bool IsAsked(int label, CellLabel truth, int cell) =>
        CellLabel.OfChanges.Contains(label) ? truth.IsSprite && (truth.Change != 0 || cell % UnchangedShare == 0)
        : CellLabel.OfSprites.Contains(label) ? truth.IsSprite
        : !CellLabel.Things.Contains(label) || truth.IsThing || cell % BackgroundShare == 0;

    private (long[] Opening, long[] Closing) Prompt(string question)
    {
        var prompt = ChatTemplate.HuggingFace.Encode(tokenizer, [new ChatTurn(ChatRole.User, question, VideoPlacement.OwnLine)]);
        var ids = prompt.Ids.Select(id => (long)id).ToArray();
        var at = prompt.VideoPositions[0];
        return (ids[..at], ids[(at + 1)..]);
    }

    private Piece Encode(Question question)
    {
        var answer = tokenizer.Encode(question.Answer).Select(id => (long)id).Append(Special(ChatTemplate.StopToken)).ToArray();
        // The last token predicts nothing.
        return new Piece([.. Prompt(question.Text).Closing, .. answer], answer.Length, question);
    }

    private long Special(string text) =>
        tokenizer.TryFindAdded(text, out var token) ? token.Id : throw new InvalidDataException($"The tokenizer lacks {text}.");

    private Batch Pack(BatchPlan plan, WorldVideo[] videos, byte[] pixels, long[][] labels, List<List<Piece>> pieces)
    {
        var opening = Prompt("").Opening;
        var perFrame = _grid * _grid;
        var shared = opening.Length + plan.Frames * perFrame + 1;
        var longest = pieces.Max(video => video.Sum(piece => piece.Ids.Length));
        var textLength = (longest + Rounding - 1) / Rounding * Rounding;
        var length = shared + textLength;
        var text = new long[plan.Size * textLength];
        Array.Fill(text, Special("<|endoftext|>"));
        var (positions, prefix, start) = (new long[plan.Size * length], new int[plan.Size * length], new int[plan.Size * length]);
        var (rows, targets, answers) = (new List<long>(), new List<long>(), new List<PackedAnswer>());
        List<(long Row, long[] Facts)> sprites = [], places = [], totals = [], orders = [];
        for (var v = 0; v < plan.Size; v++)
        {
            var row = v * length;
            Place(SeededRandom.For(plan.Seed * 4096 + v, "slots"), plan, opening.Length, perFrame, positions.AsSpan(row, shared));
            var at = shared;
            foreach (var piece in pieces[v])
            {
                piece.Ids.CopyTo(text, v * textLength + at - shared);
                for (var i = 0; i < piece.Ids.Length; i++)
                {
                    positions[row + at + i] = positions[row + shared - 1] + 1 + i;
                    (prefix[row + at + i], start[row + at + i]) = (shared, at);
                }
                var words = piece.Ids.AsSpan(0, piece.Ids.Length - piece.AnswerLength);
                orders.AddRange(_names.Orders(words, videos[v]).Select(word => ((long)row + at + word.Token, new long[] { word.IsSecond ? 1 : 0, (int)word.Chosen.Colour, (int)word.Chosen.Shape })));
                totals.AddRange(_names.Totals(words, videos[v]).Select(word => ((long)row + at + word.Token, new long[] { word.Count })));
                sprites.AddRange(_names.Sprites(words, videos[v]).Select(word => ((long)row + at + word.Token, LabelHead.Of(videos[v], word))));
                places.AddRange(_names.Places(words, videos[v]).Select(word => ((long)row + at + word.Token, LabelHead.Of(videos[v], word.Shot))));
                answers.Add(new PackedAnswer(piece.Question, rows.Count, piece.AnswerLength));
                for (var i = piece.Ids.Length - piece.AnswerLength; i < piece.Ids.Length; i++)
                {
                    rows.Add(row + at + i - 1);
                    targets.Add(piece.Ids[i]);
                }
                at += piece.Ids.Length;
            }
            for (; at < length; at++)
                start[row + at] = at; // padding sees itself
        }
        return new Batch
        {
            Size = plan.Size,
            Frames = plan.Frames,
            Pixels = pixels,
            Labels = labels,
            Opening = opening,
            Text = text,
            TextLength = textLength,
            Length = length,
            Positions = positions,
            Prefix = prefix,
            Start = start,
            Rows = [.. rows],
            Targets = [.. targets],
            Named = [NamedTokens.Of(LabelHead.Sprite, sprites), NamedTokens.Of(LabelHead.Place, places), NamedTokens.Of(LabelHead.Total, totals), NamedTokens.Of(LabelHead.Order, orders)],
            Answers = answers,
        };
    }

    // Position ids of prompt, frames and newline: frames take some of the slots, in order.
    private static void Place(SeededRandom random, BatchPlan plan, int opening, int perFrame, Span<long> positions)
    {
        var slots = random.Shuffle(Enumerable.Range(0, plan.Slots)).Take(plan.Frames).Order().ToList();
        for (var i = 0; i < positions.Length - 1; i++)
            positions[i] = i < opening ? i : opening + slots[(i - opening) / perFrame] * perFrame + (i - opening) % perFrame;
        positions[^1] = opening + plan.Slots * perFrame;
    }
}
