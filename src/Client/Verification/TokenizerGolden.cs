using HieraVid.Models.Configuration;

namespace HieraVid.Client.Verification;

internal static class TokenizerGolden
{
    internal static void Run(GoldenFolder golden) => golden.NotCovered("all", "wip");
    internal static void Prompts(GoldenFolder golden, LlavaConfig config) { }
}
