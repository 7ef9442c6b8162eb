namespace HieraVid.World.Rendering;

/// <summary>Digits as 5 x 7 dots.</summary>
internal static class Digits
{
    internal const int Width = 5, Height = 7;

    private static readonly string[] Rows =
    [
        "01110 00100 01110 11111 00010 11111 00110 11111 01110 01110",
        "10001 01100 10001 00010 00110 10000 01000 00001 10001 10001",
        "10011 00100 00001 00100 01010 11110 10000 00010 10001 10001",
        "10101 00100 00010 00010 10010 00001 11110 00100 01110 01111",
        "11001 00100 00100 00001 11111 00001 10001 01000 10001 00001",
        "10001 00100 01000 10001 00010 10001 10001 01000 10001 00010",
        "01110 01110 11111 01110 00010 01110 01110 01000 01110 01100",
    ];

    /// <summary>Whether a dot of a digit is inked; outside the grid none is.</summary>
    internal static bool Inked(int digit, int column, int row) =>
        column is >= 0 and < Width && row is >= 0 and < Height && Rows[row][digit * (Width + 1) + column] == '1';
}
