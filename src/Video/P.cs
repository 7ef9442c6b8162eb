namespace HieraVid.Video; internal static class Placeholder;
