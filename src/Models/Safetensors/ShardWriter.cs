using System.Text.Json.Nodes;
using HieraVid.Models.Configuration;

namespace HieraVid.Models.Safetensors;

/// <summary>
/// Writes a checkpoint's weights as <see cref="CheckpointFolder"/> reads them: one file, or shards with an index.
/// Either the whole set appears or nothing of it.
/// </summary>
public static class ShardWriter
{
    /// <summary>Writes the weights into a folder that has none yet.</summary>
    /// <param name="folder">An existing folder.</param>
    /// <param name="tensors">All tensors; consecutive ones share a shard.</param>
    /// <param name="write">Called once per tensor; must deliver exactly its bytes.</param>
    /// <param name="maxShardBytes">A shard's data ends before this, unless a single tensor is larger.</param>
    /// <param name="metadata">Free-form strings for each header.</param>
    /// <exception cref="ModelException">
    /// The folder already has weights, or a file cannot be written: no folder, no permission, no space.
    /// </exception>
    public static void Write(
        string folder,
        IReadOnlyList<TensorSpec> tensors,
        Action<TensorSink> write,
        long maxShardBytes,
        IReadOnlyDictionary<string, string>? metadata = null)
    {
        // Old weights next to new ones would win or lose by their names; nobody could tell which model was loaded.
        if (Directory.Exists(folder) && Directory.EnumerateFiles(folder, "*.safetensors*").Any())
            throw ModelException.Unsupported(folder, "writing weights beside existing ones", "choose an empty folder");

        var shards = Split(tensors, maxShardBytes);
        var names = shards.Select((_, i) => shards.Count == 1
            ? CheckpointFolder.SingleFileName
            : $"model-{i + 1:D5}-of-{shards.Count:D5}.safetensors").ToList();
        var pending = new List<(string Temporary, string Final)>();
        var finished = new List<string>();
        try
        {
            foreach (var (name, shard) in names.Zip(shards))
            {
                var path = Path.Combine(folder, name);
                pending.Add((SafetensorsWriter.TemporaryName(path), path));
                SafetensorsWriter.WriteWhole(path, pending[^1].Temporary, shard, write, metadata);
            }
            if (shards.Count > 1)
            {
                var path = Path.Combine(folder, CheckpointFolder.IndexFileName);
                pending.Add((SafetensorsWriter.TemporaryName(path), path));
                WriteIndex(path, pending[^1].Temporary, names, shards);
            }
            foreach (var (temporary, final) in pending)
            {
                SafetensorsWriter.Replace(temporary, final);
                finished.Add(final);
            }
        }
        catch
        {
            pending.ForEach(file => SafetensorsWriter.Discard(file.Temporary));
            finished.ForEach(SafetensorsWriter.Discard);
            throw;
        }
    }

    private static List<List<TensorSpec>> Split(IReadOnlyList<TensorSpec> tensors, long maxShardBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maxShardBytes);
        var shards = new List<List<TensorSpec>> { new() };
        var byteCount = 0L;
        foreach (var tensor in tensors)
        {
            if (shards[^1].Count > 0 && byteCount > maxShardBytes - tensor.ByteCount)
            {
                shards.Add([]);
                byteCount = 0;
            }
            shards[^1].Add(tensor);
            byteCount += tensor.ByteCount;
        }
        return shards;
    }

    private static void WriteIndex(
        string path, string temporary, List<string> names, List<List<TensorSpec>> shards)
    {
        var map = new JsonObject();
        foreach (var (name, shard) in names.Zip(shards))
            foreach (var tensor in shard)
                if (!map.TryAdd(tensor.Name, name))
                    throw new ArgumentException($"A checkpoint cannot hold two tensors named {tensor.Name}.");
        var total = shards.Sum(shard => shard.Sum(tensor => tensor.ByteCount));
        var text = ConfigJson.Format(new JsonObject
        {
            ["metadata"] = new JsonObject { ["total_size"] = total },
            ["weight_map"] = map,
        });
        try
        {
            File.WriteAllText(temporary, text);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw ModelException.Unwritable(path, text.Length, error);
        }
    }
}
