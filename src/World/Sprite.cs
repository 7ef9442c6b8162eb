namespace HieraVid.World;

/// <summary>Something drawn into a shot. Lengths are shares of the frame's side, times are seconds from the video's start.</summary>
/// <param name="Colour">Its colour when it appears.</param>
/// <param name="Shape">Its shape when it appears.</param>
/// <param name="Radius">Its size when it appears.</param>
/// <param name="Appears">When it is there first.</param>
/// <param name="Leaves">When it is gone.</param>
/// <param name="From">Its centre when it appears: x to the right, y downwards.</param>
/// <param name="To">Its centre when it leaves.</param>
/// <param name="Heading">The direction in words; still if it does not move.</param>
public sealed record Sprite(
    Colour Colour, Shape Shape, double Radius, double Appears, double Leaves, (double X, double Y) From, (double X, double Y) To,
    Heading Heading)
{
    /// <summary>What changes about it; at <see cref="ChangesAt"/> it takes the values below.</summary>
    public Change Change { get; init; }

    /// <summary>When it changes.</summary>
    public double ChangesAt { get; init; } = double.PositiveInfinity;

    /// <summary>Its colour after the change.</summary>
    public Colour LaterColour { get; init; } = Colour;

    /// <summary>Its shape after the change.</summary>
    public Shape LaterShape { get; init; } = Shape;

    /// <summary>Its size after the change.</summary>
    public double LaterRadius { get; init; } = Radius;

    /// <summary>"red circle", by its first looks.</summary>
    public string Name => $"{Words.Of(Colour)} {Words.Of(Shape)}";

    /// <summary>Whether it is there.</summary>
    public bool IsThere(double time) => time >= Appears && time < Leaves;

    /// <summary>Its centre at a time when it is there.</summary>
    public (double X, double Y) Centre(double time)
    {
        var share = Math.Clamp((time - Appears) / (Leaves - Appears), 0, 1);
        return (From.X + (To.X - From.X) * share, From.Y + (To.Y - From.Y) * share);
    }
}
