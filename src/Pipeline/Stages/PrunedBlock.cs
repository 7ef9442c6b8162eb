using HieraVid.Pruning;
using HieraVid.Torch;
using static TorchSharp.torch;

namespace HieraVid.Pipeline.Stages;

/// <summary>A pruned piece as named tensors, so that it can lie in the store between the device that made it and the prefill.</summary>
internal static class PrunedBlock
{
    /// <summary>The tensors; in the caller's dispose scope.</summary>
    internal static Dictionary<string, Tensor> Of(PrunedChunk piece)
    {
        var tensors = new Dictionary<string, Tensor>
        {
            ["extent"] = Row([piece.FirstFrame, piece.FrameCount, piece.FramePositions]),
            ["origins"] = Row(piece.Origins),
            ["sizes"] = Row(piece.GroupSizes),
            ["values"] = piece.Values,
        };
        Add(tensors, "incoming", piece.Incoming);
        Add(tensors, "outgoing", piece.Outgoing);
        return tensors;
    }

    /// <summary>The piece.</summary>
    /// <param name="tensors">As they were written; owned by the piece from here on.</param>
    internal static PrunedChunk From(IReadOnlyDictionary<string, Tensor> tensors)
    {
        var extent = Ints(tensors["extent"]);
        return new PrunedChunk(extent[0], extent[1], extent[2], Ints(tensors["origins"]), Ints(tensors["sizes"]), tensors["values"])
        {
            Incoming = Part(tensors, "incoming"),
            Outgoing = Part(tensors, "outgoing"),
        };
    }

    private static void Add(Dictionary<string, Tensor> tensors, string name, RunPart? part)
    {
        if (part is null)
            return;
        tensors.Add($"{name}.positions", Row(part.Positions));
        tensors.Add($"{name}.counts", Row(part.Counts));
        tensors.Add($"{name}.high", part.Sum.High);
        tensors.Add($"{name}.low", part.Sum.Low);
    }

    private static RunPart? Part(IReadOnlyDictionary<string, Tensor> tensors, string name) => tensors.ContainsKey($"{name}.high")
        ? new RunPart(Ints(tensors[$"{name}.positions"]), Ints(tensors[$"{name}.counts"]),
            new OrderFreeSum(tensors[$"{name}.high"], tensors[$"{name}.low"]))
        : null;

    private static Tensor Row(int[] numbers) => TensorData.From<int>(numbers, numbers.Length);

    private static int[] Ints(Tensor tensor)
    {
        using var scope = NewDisposeScope();
        using var owned = tensor;
        return owned.cpu().ToArray<int>();
    }
}
