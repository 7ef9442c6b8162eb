using HieraVid.World.Questions;

namespace HieraVid.World.Tests;

public class QuestionTests
{
    private static readonly List<(WorldVideo Video, Question Question)> All = [.. Enumerable.Range(0, 300)
        .Select(seed => VideoGenerator.Create(seed, Split.Test, new VideoOptions(12, VideoOptions.TrainingTextures)))
        .SelectMany(video => QuestionWriter.Write(video, SeededRandom.For(video.Seed, "questions"), 12)
            .Select(question => (video, question)))];

    private static IEnumerable<(WorldVideo Video, Question Question)> Of(QuestionKind kind) =>
        All.Where(item => item.Question.Kind == kind);

    [Fact]
    public void Every_kind_is_asked() => Assert.All(
        Enum.GetValues<QuestionKind>(), kind => Assert.True(Of(kind).Count() > 50, $"{kind}: {Of(kind).Count()}"));

    [Fact]
    public void No_answer_dominates_its_kind()
    {
        // What a model that never looks could score at best: the share of each kind's most frequent answer.
        foreach (var kind in Enum.GetValues<QuestionKind>())
        {
            var answers = Of(kind).GroupBy(item => item.Question.Answer).Select(group => group.Count()).ToList();
            var most = answers.Max() / (double)answers.Sum();
            Assert.True(most < (kind is QuestionKind.YesNo or QuestionKind.When ? 0.6 : 0.45), $"{kind}: {most}");
        }
    }

    [Fact]
    public void Nothing_is_asked_twice_about_a_video() => Assert.All(
        All.GroupBy(item => item.Video.Seed),
        video => Assert.Equal(video.Count(), video.Select(item => item.Question.Text).Distinct().Count()));

    [Fact]
    public void Colour_and_shape_questions_name_just_one_sprite()
    {
        foreach (var (video, question) in Of(QuestionKind.Colour).Concat(Of(QuestionKind.Shape)))
        {
            var among = video.Shots.Where(shot => question.Text.Contains($"in the {Words.Of(shot.Place)}", StringComparison.Ordinal))
                .DefaultIfEmpty().SelectMany(shot => shot?.Sprites ?? video.Sprites).ToList();
            var answers = among
                .SelectMany(sprite => new[] { (sprite.Colour, sprite.Shape), (sprite.LaterColour, sprite.LaterShape) })
                .Where(look => question.Text.Contains(
                    question.Kind == QuestionKind.Colour ? Words.Of(look.Item2) : Words.Of(look.Item1), StringComparison.Ordinal))
                .Select(look => question.Kind == QuestionKind.Colour ? Words.Of(look.Item1) : Words.Of(look.Item2))
                .Distinct();
            Assert.Equal([question.Answer], answers);
        }
    }

    [Fact]
    public void Yes_means_that_such_a_sprite_or_scene_is_there()
    {
        foreach (var (video, question) in Of(QuestionKind.YesNo))
        {
            var looks = video.Sprites.SelectMany(sprite => new[]
            {
                sprite.Name, $"{Words.Of(sprite.LaterColour)} {Words.Of(sprite.LaterShape)}",
            });
            var places = video.Shots.Select(shot => $"{Words.Of(shot.Place)} scene");
            var there = looks.Concat(places).Any(name => question.Text.Contains(name, StringComparison.Ordinal));
            Assert.Equal(there ? "yes" : "no", question.Answer);
        }
    }

    [Fact]
    public void The_card_is_only_asked_for_where_there_is_one() =>
        Assert.All(Of(QuestionKind.Needle), item => Assert.Equal($"{item.Video.Card!.Digit}", item.Question.Answer));

    [Fact]
    public void The_counter_is_asked_for_its_first_and_its_last_number() =>
        Assert.All(Of(QuestionKind.Counter), item => Assert.Equal(
            $"{(item.Question.Text.Contains("first", StringComparison.Ordinal) ? item.Video.Counter!.First : item.Video.Counter!.Last)}",
            item.Question.Answer));

    [Fact]
    public void What_appears_first_appears_before_the_other()
    {
        foreach (var (video, question) in Of(QuestionKind.Order).Where(item => item.Question.Text.Contains(", the ", StringComparison.Ordinal)))
        {
            var named = video.Sprites.Where(sprite => question.Text.Contains(sprite.Name, StringComparison.Ordinal))
                .OrderBy(sprite => sprite.Appears).ToList();
            Assert.Equal(2, named.Count);
            Assert.Equal((question.Text.Contains("first", StringComparison.Ordinal) ? named[0] : named[1]).Name, question.Answer);
        }
    }

    [Fact]
    public void Questions_of_still_images_need_no_time() => Assert.All(
        Enumerable.Range(0, 100)
            .Select(seed => VideoGenerator.Create(seed, Split.Test, new VideoOptions(1, VideoOptions.TrainingTextures)))
            .SelectMany(video => QuestionWriter.Write(video, SeededRandom.For(video.Seed, "questions"), 12)),
        question => Assert.DoesNotContain(
            question.Kind, new[] { QuestionKind.Direction, QuestionKind.Order, QuestionKind.When, QuestionKind.Change }));
}
