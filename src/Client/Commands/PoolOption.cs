using System.CommandLine;
using HieraVid.Models.Llava;

namespace HieraVid.Client.Commands;

/// <summary>The option that overrides how a frame's tokens are pooled; the same for every command that answers questions.</summary>
internal sealed class PoolOption
{
    private readonly Option<string?> _pool = new("--pool")
    {
        HelpName = "MODE",
        Description = "bilinear, average or max, in place of what a LLaVA checkpoint's config.json says.",
    };

    internal void AddTo(Command command) => command.Add(_pool);

    /// <summary>The word, checked before anything is loaded; null where none was given.</summary>
    internal string? Read(ParseResult parsed)
    {
        var pool = parsed.GetValue(_pool);
        if (pool is not null)
            _ = LlavaConfig.ParsePool(pool);
        return pool;
    }
}
