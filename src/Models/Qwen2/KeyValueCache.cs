using static TorchSharp.torch;

namespace HieraVid.Models.Qwen2;

/// <summary>
/// Keys (after rotary embedding) and values of every layer. Layers may hold different numbers of tokens, because tokens can
/// be dropped on the way; the next token's position goes on from the ORIGINAL length all the same (models.md, section 5).
/// </summary>
public sealed class KeyValueCache : IDisposable
{
    private readonly Layer[] _layers;

    /// <summary>An empty cache.</summary>
    /// <param name="layerCount">Decoder layers.</param>
    public KeyValueCache(int layerCount)
    {
        _layers = new Layer[layerCount];
        for (var i = 0; i < layerCount; i++)
            _layers[i] = new Layer();
    }

    /// <summary>The position id of the next token: the number of tokens seen, dropped ones included.</summary>
    public long NextPosition { get; set; }

    /// <summary>How many tokens layer <paramref name="layer"/> holds.</summary>
    public long Length(int layer) => _layers[layer].Length;

    /// <summary>The bytes of the tokens held, both keys and values.</summary>
    public long Bytes => _layers.Sum(layer => layer.Keys is { } keys
        ? 2 * layer.Length * keys.shape[0] * keys.shape[2] * keys.ElementSize
        : 0);

    /// <summary>The keys of a layer, [kvHeads, length, d]: a view that the cache's next growth ends.</summary>
    public Tensor Keys(int layer) => _layers[layer].Keys!.narrow(1, 0, _layers[layer].Length);

    /// <summary>The values of a layer, [kvHeads, length, d]: a view that the cache's next growth ends.</summary>
    public Tensor Values(int layer) => _layers[layer].Values!.narrow(1, 0, _layers[layer].Length);

    /// <summary>Adds tokens to a layer.</summary>
    /// <param name="layer">The layer.</param>
    /// <param name="keys">[kvHeads, T, d].</param>
    /// <param name="values">[kvHeads, T, d].</param>
    public void Append(int layer, Tensor keys, Tensor values)
    {
        var slot = _layers[layer];
        var added = keys.shape[1];
        slot.Reserve(slot.Length + added, keys);
        using var scope = NewDisposeScope();
        slot.Keys!.narrow(1, slot.Length, added).copy_(keys);
        slot.Values!.narrow(1, slot.Length, added).copy_(values);
        slot.Length += added;
    }

    /// <summary>Frees all keys and values.</summary>
    public void Dispose()
    {
        foreach (var layer in _layers)
            layer.Free();
    }

    private sealed class Layer
    {
        // Room for this many more tokens is kept, so that decoding copies the cache rarely.
        private const long Spare = 256;

        internal Tensor? Keys { get; private set; }
        internal Tensor? Values { get; private set; }
        internal long Length { get; set; }

        internal void Reserve(long needed, Tensor like)
        {
            if (Keys is { } keys && keys.shape[1] >= needed)
                return;
            var (oldKeys, oldValues) = (Keys, Values);
            long[] shape = [like.shape[0], needed + Spare, like.shape[2]];
            Keys = empty(shape, like.dtype, like.device).DetachFromDisposeScope();
            Values = empty(shape, like.dtype, like.device).DetachFromDisposeScope();
            if (oldKeys is null || oldValues is null)
                return;
            using var scope = NewDisposeScope();
            Keys.narrow(1, 0, Length).copy_(oldKeys.narrow(1, 0, Length));
            Values.narrow(1, 0, Length).copy_(oldValues.narrow(1, 0, Length));
            oldKeys.Dispose();
            oldValues.Dispose();
        }

        internal void Free()
        {
            Keys?.Dispose();
            Values?.Dispose();
            (Keys, Values, Length) = (null, null, 0);
        }
    }
}
