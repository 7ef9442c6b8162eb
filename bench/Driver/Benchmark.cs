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
    ];
}

/// <summary>One side of a benchmark: a program that speaks the protocol of Workers/Worker.cs.</summary>
/// <param name="Name">For the table.</param>
/// <param name="IsPython">Whether it needs a Python with torch.</param>
/// <param name="Arguments">The program's arguments, before checkpoint and thread count.</param>
internal sealed record Side(string Name, bool IsPython, IReadOnlyList<string> Arguments)
{
    internal static Side Ours(string worker) => new("HieraVid", false, ["worker", worker]);

    internal static Side Python(string name, string script, params string[] arguments) =>
        new(name, true, [Path.Combine("bench", "peers", script), .. arguments]);
}
