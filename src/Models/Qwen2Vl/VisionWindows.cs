using HieraVid.Torch;
using static TorchSharp.torch;

namespace HieraVid.Models.Qwen2Vl;

/// <summary>
/// Patches of one grid in square windows, those at the right and lower edge cut off: attention that stays inside a window.
/// </summary>
/// <param name="Sets">The patches of each window, ascending.</param>
public sealed record VisionWindows(IReadOnlyList<IReadOnlyList<int>> Sets)
{
    /// <summary>The windows of a grid.</summary>
    /// <param name="grid">The grid.</param>
    /// <param name="side">Tokens along a window's side.</param>
    /// <param name="patchesPerToken">Patches of a token, which follow each other.</param>
    public static VisionWindows Of(FrameGrid grid, int side, int patchesPerToken)
    {
        var across = (grid.Columns + side - 1) / side;
        var sets = Enumerable.Range(0, grid.Tokens)
            .GroupBy(token => token / grid.Columns / side * across + token % grid.Columns / side)
            .OrderBy(window => window.Key)
            .Select(window => (IReadOnlyList<int>)[.. window
                .SelectMany(token => Enumerable.Range(token * patchesPerToken, patchesPerToken))])
            .ToList();
        return new VisionWindows(sets);
    }

    /// <summary>Runs an attention on every window by itself; windows of one size together.</summary>
    /// <param name="q">[steps, patches, heads, d].</param>
    /// <param name="k">The same shape.</param>
    /// <param name="v">The same shape.</param>
    /// <param name="attend">[windows, patches of one, heads, d] each, to the same shape.</param>
    /// <returns>[steps, patches, heads, d].</returns>
    public Tensor Within(Tensor q, Tensor k, Tensor v, Func<Tensor, Tensor, Tensor, Tensor> attend)
    {
        using var scope = NewDisposeScope();
        var (steps, patches, heads, size) = (q.shape[0], q.shape[1], q.shape[2], q.shape[3]);
        var (parts, order) = (new List<Tensor>(), new List<int>());
        foreach (var alike in Sets.GroupBy(set => set.Count))
        {
            int[] members = [.. alike.SelectMany(set => set)];
            var index = Index(members, q.device);
            Tensor Gather(Tensor x) => x.index_select(1, index).reshape(steps * alike.Count(), alike.Key, heads, size);
            parts.Add(attend(Gather(q), Gather(k), Gather(v)).reshape(steps, members.Length, heads, size));
            order.AddRange(members);
        }
        // Where each patch went.
        var back = new int[patches];
        for (var at = 0; at < order.Count; at++)
            back[order[at]] = at;
        return (parts.Count == 1 ? parts[0] : cat(parts, 1)).index_select(1, Index(back, q.device)).MoveToOuterDisposeScope();
    }

    private static Tensor Index(int[] rows, Device device) =>
        TensorData.From<long>([.. rows.Select(row => (long)row)], rows.Length).to(device);
}
