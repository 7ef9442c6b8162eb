using HieraVid.Bench.Workers;
using HieraVid.Pruning;

namespace HieraVid.Bench.Driver;

/// <summary>Something measured on several sides in the same run.</summary>
/// <param name="Name">The name on the command line and of the result's file.</param>
/// <param name="Title">What is measured, for the table's head.</param>
/// <param name="Sides">Who does it; ratios are to the first.</param>
/// <param name="FreshProcess">Whether each repetition needs a process of its own: where the peak memory counts.</param>
internal sealed record Benchmark(string Name, string Title, IReadOnlyList<Side> Sides, bool FreshProcess = false)
{
    /// <summary>All benchmarks. A new one is a line here, a worker (Workers/Worker.cs) and a peer.</summary>
    internal static IReadOnlyList<Benchmark> All { get; } =
    [
        new("load", "Load the checkpoint in bfloat16",
            [Side.Ours("load"), Side.Python("PyTorch", "load.py")], FreshProcess: true),
        new("encode", "Encode 32 frames: SigLIP so400m, 26 layers, bfloat16",
            [Side.Ours("encode"), Side.Python("PyTorch", "encode.py")]),
        new("prefill", "Prefill 6,272 visual and 32 text tokens, bfloat16",
            [
                Side.Ours("prefill"),
                Side.Python("PyTorch, query blocks", "prefill.py", "blocked"),
                Side.Python("PyTorch, full matrix", "prefill.py", "full"),
            ]),
        new("decode", "One token after 6,304, bfloat16",
            [Side.Ours("decode"), Side.Python("PyTorch", "decode.py")]),
        new("pruned", "Prefill of the sample video's 6,272 visual tokens with HieraVid, pruning included, bfloat16",
            [
                Side.Ours("budget-1.0", "vanilla"), Side.Ours("budget-0.3", "budget 0.3"),
                Side.Ours("budget-0.2", "budget 0.2"), Side.Ours("budget-0.1", "budget 0.1"),
            ], FreshProcess: true),
        new("questions-1", "One question", [Side.Ours("questions-1-vanilla", "vanilla"), Side.Ours("questions-1-pruned", "budget 0.3")],
            FreshProcess: true),
        new("questions-4", "Four questions at once", [Side.Ours("questions-4-vanilla", "vanilla"), Side.Ours("questions-4-pruned", "budget 0.3")],
            FreshProcess: true),
        new("questions-16", "Sixteen questions at once",
            [Side.Ours("questions-16-vanilla", "vanilla"), Side.Ours("questions-16-pruned", "budget 0.3")],
            FreshProcess: true),
        new("frames", "Decode 32 frames spread evenly over a video",
            [Side.Ours("frames"), Side.Python("FFmpeg", "frames.py")]),
        new("hour-fps", "An hour at one frame per second, 384x384",
            [Side.Ours("hour-fps"), Side.Python("FFmpeg, fps=1,scale=384:384", "hour.py", "fps")]),
        new("hour-spread", "64 frames spread over an hour, 384x384",
            [Side.Ours("hour-spread"), Side.Python("one ffmpeg -ss per frame", "hour.py", "spread")]),
        new("minutes", "hieravid ask --fps 1 --chunk-frames 16, tiny preset",
            [
                Side.Ours("minutes-10", "10 minutes"), Side.Ours("minutes-20", "20 minutes"),
                Side.Ours("minutes-40", "40 minutes"), Side.Ours("minutes-60", "60 minutes"),
            ], FreshProcess: true),
        new("chunks", "hieravid ask --frames 64, tiny preset",
            [Side.Ours("chunks-64", "the whole video at once"), Side.Ours("chunks-16", "in chunks of 16")], FreshProcess: true),
        new("ask", "hieravid ask: the whole command, 32 frames", [Side.Ours("ask")]),
        Methods(32, 196),
        Methods(64, 169),
    ];

    // Every pruning method on one video; ratios are to the first, so the peers' are to be read beside their own method.
    private static Benchmark Methods(int frames, int positions) => new(
        FormattableString.Invariant($"methods-{frames}x{positions}"),
        FormattableString.Invariant($"Pruning {frames} frames of {positions} tokens of width {MethodPruning.Width} at 25 %, bfloat16"),
        [
            .. PruningMethods.Names.Where(name => name != PruningMethods.None)
                .Select(name => Side.Ours(FormattableString.Invariant($"method/{name}/{frames}/{positions}"), name)),
            Side.Python("fastvid in PyTorch", "fastvid.py", "whole", $"{frames}", $"{positions}"),
            Side.Ours(FormattableString.Invariant($"dtm/{frames}/{positions}"), "fastvid's DTM"),
            Side.Python("fastvid's DTM in PyTorch", "fastvid.py", "dtm", $"{frames}", $"{positions}"),
            Side.Python("framefusion in PyTorch", "framefusion.py", $"{frames}", $"{positions}"),
        ]);
}

/// <summary>One side of a benchmark: a program that speaks the protocol of Workers/Worker.cs.</summary>
/// <param name="Name">For the table.</param>
/// <param name="IsPython">Whether it needs a Python with torch.</param>
/// <param name="Arguments">The program's arguments, before checkpoint and thread count.</param>
internal sealed record Side(string Name, bool IsPython, IReadOnlyList<string> Arguments)
{
    internal static Side Ours(string worker, string name = "HieraVid") => new(name, false, ["worker", worker]);

    internal static Side Python(string name, string script, params string[] arguments) =>
        new(name, true, [Path.Combine("bench", "peers", script), .. arguments]);
}
