namespace HieraVid.World;

#pragma warning disable CS1591 // The names say it all.

/// <summary>What a sprite can be painted in.</summary>
public enum Colour { Red, Green, Blue, Yellow, Orange, Purple, White, Black }

/// <summary>What a sprite can look like.</summary>
public enum Shape { Circle, Square, Triangle, Star, Cross, Ring, Heart, Diamond }

/// <summary>Where a shot plays.</summary>
public enum Place { Forest, Beach, City, Desert, Snow, Sea, Night, Meadow }

/// <summary>Where a sprite goes, as seen on the screen.</summary>
public enum Heading { Still, Left, Right, Up, Down }

/// <summary>What can change about a sprite while one watches.</summary>
public enum Change { None, Colour, Shape, Size }

/// <summary>How backgrounds are painted. <see cref="Mosaic"/> is held out: no training video has it.</summary>
public enum Texture { Smooth, Grainy, Striped, Mosaic }
