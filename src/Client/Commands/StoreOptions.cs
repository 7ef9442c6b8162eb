using System.CommandLine;
using HieraVid.Pipeline.Jobs;
using HieraVid.Pipeline.Running;
using HieraVid.Pipeline.Tokens;

namespace HieraVid.Client.Commands;

/// <summary>The options that say where encoded tokens wait, and whether those of an earlier run are used.</summary>
internal sealed class StoreOptions
{
    private readonly Option<string?> _folder = PathSymbols.Option(
        "--store", "Folder for encoded tokens while a long video is worked on. Default: $HIERAVID_STORE or ~/.cache/hieravid/tokens.");

    private readonly Option<double> _limit = RealNumbers.Option(
        "--store-limit", "GB", "Most that the folder may hold.", standard: TokenStore.DefaultLimitBytes / 1e9);

    private readonly Option<bool> _resume = new("--resume")
    {
        Description = "Go on from the chunks that an earlier run of the same job left when it was killed.",
    };

    private readonly Option<bool> _keep = new("--keep-tokens")
    {
        Description = "Leave the encoded tokens in the store: --resume uses them for other questions about the same video.",
    };

    internal void AddTo(Command command)
    {
        command.Add(_folder);
        command.Add(_limit);
        command.Add(_resume);
        command.Add(_keep);
    }

    /// <summary>Reads the options.</summary>
    /// <exception cref="JobException">The limit is no amount.</exception>
    internal StoreUse Read(ParseResult parsed)
    {
        var limit = parsed.GetValue(_limit);
        if (!(limit > 0 && limit <= 1e9))
            throw JobException.Bad(FormattableString.Invariant($"--store-limit {limit} is out of range: take a number of gigabytes above 0."));
        return new StoreUse(
            new TokenStore(parsed.GetValue(_folder) ?? TokenStore.DefaultFolder, (long)(limit * 1e9)),
            parsed.GetValue(_resume), parsed.GetValue(_keep));
    }
}
