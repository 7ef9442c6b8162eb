namespace HieraVid.Pipeline; internal static class Placeholder;
