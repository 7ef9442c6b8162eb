namespace HieraVid.Models.Qwen2;

/// <summary>Position ids of a sequence: one per token, or three for models that tell time, height and width apart (M-RoPE).</summary>
/// <param name="Temporal">[T].</param>
/// <param name="Height">[T]; the same list where there is only one kind.</param>
/// <param name="Width">[T]; the same list where there is only one kind.</param>
public sealed record PositionIds(IReadOnlyList<long> Temporal, IReadOnlyList<long> Height, IReadOnlyList<long> Width)
{
    /// <summary>Tokens.</summary>
    public int Count => Temporal.Count;

    /// <summary>The id of a token that follows, on all axes.</summary>
    public long Next => Count == 0 ? 0 : Math.Max(Temporal.Max(), Math.Max(Height.Max(), Width.Max())) + 1;

    /// <summary>Ids of one axis: 0 time, 1 height, 2 width.</summary>
    public IReadOnlyList<long> Axis(int axis) => axis == 0 ? Temporal : axis == 1 ? Height : Width;

    /// <summary>The ids of some tokens.</summary>
    public PositionIds Keep(IReadOnlyList<long> rows)
    {
        long[] Of(IReadOnlyList<long> ids) => [.. rows.Select(row => ids[(int)row])];
        return new PositionIds(Of(Temporal), Of(Height), Of(Width));
    }

    /// <summary>Ids that are the same on all axes.</summary>
    public static implicit operator PositionIds(long[] ids) => new(ids, ids, ids);

    /// <summary>One token at the same place on all axes.</summary>
    public static PositionIds One(long position) => new[] { position };

    /// <summary>0 to <paramref name="count"/> − 1.</summary>
    public static PositionIds Range(long count) => Enumerable.Range(0, (int)count).Select(i => (long)i).ToArray();
}
