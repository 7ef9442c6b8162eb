namespace HieraVid.World;

/// <summary>A stretch of video in one place, seen by one camera.</summary>
/// <param name="Place">Where.</param>
/// <param name="Begins">Seconds.</param>
/// <param name="Ends">Seconds.</param>
/// <param name="Sprites">What is drawn, the first one furthest back.</param>
/// <param name="Pan">How far the background moves to the left per second, in shares of the frame's side.</param>
/// <param name="Seed">Of the background's details.</param>
public sealed record Shot(Place Place, double Begins, double Ends, IReadOnlyList<Sprite> Sprites, double Pan, long Seed)
{
    /// <summary>Seconds of cross-fade into this shot; 0 is a cut.</summary>
    public double Fade { get; init; }
}

/// <summary>A card with a digit, shown for about a second somewhere in a video.</summary>
/// <param name="Digit">0 to 9.</param>
/// <param name="Appears">Seconds.</param>
/// <param name="Leaves">Seconds.</param>
/// <param name="Centre">Where it is.</param>
public sealed record Card(int Digit, double Appears, double Leaves, (double X, double Y) Centre);

/// <summary>A small blue card in a corner that counts up through the whole video.</summary>
/// <param name="First">Its number at the beginning.</param>
/// <param name="Last">Its number at the end, at most 9.</param>
/// <param name="Period">Seconds that each number is shown.</param>
/// <param name="Centre">Where it is.</param>
public sealed record Counter(int First, int Last, double Period, (double X, double Y) Centre)
{
    /// <summary>Its number at a time.</summary>
    public int At(double time) => Math.Min(Last, First + (int)(time / Period));
}

/// <summary>Everything there is to know about a video of the world.</summary>
/// <param name="Seed">What it was made from.</param>
/// <param name="Duration">Seconds.</param>
/// <param name="Texture">How its backgrounds are painted.</param>
/// <param name="Shots">In the order of time, no place twice.</param>
/// <param name="Card">The needle; null in most videos.</param>
/// <param name="Noise">Standard deviation of the camera's noise, of 255.</param>
/// <param name="Brightness">Factor on all colours.</param>
public sealed record WorldVideo(
    long Seed, double Duration, Texture Texture, IReadOnlyList<Shot> Shots, Card? Card, double Noise, double Brightness)
{
    /// <summary>The counter; null in most videos, and in all with a card.</summary>
    public Counter? Counter { get; init; }

    /// <summary>All sprites, by shot.</summary>
    public IEnumerable<Sprite> Sprites => Shots.SelectMany(shot => shot.Sprites);

    /// <summary>The shot at a time; the last one from its beginning on.</summary>
    public int ShotAt(double time)
    {
        var index = Shots.Count - 1;
        while (index > 0 && time < Shots[index].Begins)
            index--;
        return index;
    }
}
