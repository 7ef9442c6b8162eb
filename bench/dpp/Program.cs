using System.Globalization;
using HieraVid.Bench.Dpp;
using static TorchSharp.torch;

// compare [--repetitions N] [--threads N] [--kind video|noise]: the cases of the paper's layers against both peers, in turn.
// scale [--threads N] [--kind …]: from 1,000 to 30,000 tokens, each case in a process of its own.
// scale N KEEP SEGMENTS [--dimension D] [--threads N] [--kind …]: one case of it.
CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
var options = args.Select((arg, i) => (arg, i)).Where(a => a.arg.StartsWith("--", StringComparison.Ordinal))
    .ToDictionary(a => a.arg, a => args[a.i + 1]);
var threads = int.Parse(options.GetValueOrDefault("--threads", $"{Environment.ProcessorCount}"), null);
var repetitions = int.Parse(options.GetValueOrDefault("--repetitions", "3"), null);
var dimension = int.Parse(options.GetValueOrDefault("--dimension", $"{DppInput.Large}"), null);
var kind = options.GetValueOrDefault("--kind", "video");
set_num_threads(threads);
if (args is ["scale", var count, var keep, var segments, ..] && char.IsDigit(count[0]))
{
    Scale.One(DppInput.Make(int.Parse(count, null), int.Parse(keep, null), int.Parse(segments, null), kind, dimension), dimension);
    return 0;
}
if (args is ["scale", ..])
{
    Scale.Table(threads, kind);
    return 0;
}
foreach (var (tokens, kept) in new[] { (3785, 2649), (2649, 1139) })
    foreach (var pieces in new[] { 1, 8, 32 })
        Comparison.Run(DppInput.Make(tokens, kept, pieces, kind), threads, repetitions);
return 0;
