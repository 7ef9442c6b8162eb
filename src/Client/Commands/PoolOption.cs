using System.CommandLine;

namespace HieraVid.Client.Commands;

/// <summary>The option that overrides how a frame's tokens are pooled; the same for every command that answers questions.</summary>
internal static class PoolOption
{
    internal static Option<string?> Create() => new("--pool")
    {
        HelpName = "MODE",
        Description = "bilinear, average or max, in place of what a LLaVA checkpoint's config.json says.",
    };
}
