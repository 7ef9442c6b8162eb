namespace HieraVid.Models; internal static class Placeholder;
