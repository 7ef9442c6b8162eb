namespace HieraVid.Pruning; internal static class Placeholder;
