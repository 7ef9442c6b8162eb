namespace HieraVid.World.Questions;

/// <summary>What a question is about.</summary>
public enum QuestionKind
{
#pragma warning disable CS1591 // The names say it all.
    Colour, Shape, Count, Direction, Order, Scene, When, Change, Needle, YesNo, Counter,
#pragma warning restore CS1591
}

/// <summary>A question about one video, with its one right answer.</summary>
/// <param name="Kind">What it is about.</param>
/// <param name="Text">In English.</param>
/// <param name="Answer">A word or two, in lower case.</param>
public sealed record Question(QuestionKind Kind, string Text, string Answer);
