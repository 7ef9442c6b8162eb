namespace HieraVid.Client.Output;

/// <summary>Numbers with their noun.</summary>
internal static class Count
{
    /// <summary>"1 frame", "32 frames", "6,273 visual tokens".</summary>
    internal static string Of(int number, string noun) => FormattableString.Invariant($"{number:N0} {noun}{(number == 1 ? "" : "s")}");
}
