namespace HieraVid.Torch; internal static class Placeholder;
