using System.Diagnostics.CodeAnalysis;
using HieraVid.Models.Packed;

namespace HieraVid.Models.Safetensors;

/// <summary>The weights of one checkpoint: a single <c>model.safetensors</c>, or shards with an index.</summary>
public sealed class CheckpointFolder : IDisposable
{
    internal const string SingleFileName = "model.safetensors";
    internal const string IndexFileName = "model.safetensors.index.json";

    private readonly List<SafetensorsFile> files;
    private readonly Dictionary<string, CheckpointTensor> tensors;

    private CheckpointFolder(string path, List<SafetensorsFile> files, Dictionary<string, CheckpointTensor> tensors)
    {
        Path = path;
        this.files = files;
        this.tensors = tensors;
    }

    /// <summary>The folder as it was given.</summary>
    public string Path { get; }

    /// <summary>The open files: one, or the shards in order of their names.</summary>
    public IReadOnlyList<SafetensorsFile> Files => files;

    /// <summary>All tensors by name.</summary>
    public IReadOnlyDictionary<string, CheckpointTensor> Tensors => tensors;

    /// <summary>How matrices are packed; null where they are not.</summary>
    public PackedFormat? Packing { get; private init; }

    /// <summary>The size of all tensors together, in bytes.</summary>
    public long TotalBytes => tensors.Values.Sum(tensor => tensor.Entry.ByteCount);

    /// <summary>Opens and checks every file of a checkpoint.</summary>
    /// <exception cref="ModelException">
    /// The folder has no weights, the index is unusable, a shard is missing or damaged, or a shard lacks a tensor that
    /// the index promises.
    /// </exception>
    public static CheckpointFolder Open(string folder)
    {
        var single = System.IO.Path.Combine(folder, SingleFileName);
        var index = System.IO.Path.Combine(folder, IndexFileName);
        if (!Directory.Exists(folder))
            throw ModelException.NotFound(folder, "give the folder of a downloaded checkpoint");
        if (File.Exists(single))
            return Load(folder, [SingleFileName], null);
        if (!File.Exists(index))
            throw ModelException.NotFound(single, $"the folder needs this file or {IndexFileName} with its shards; " +
                "other weight formats have to be converted to safetensors");
        var map = ShardIndex.Read(index);
        return Load(folder, map.Values.Distinct().Order(StringComparer.Ordinal), map);
    }

    /// <summary>Whether a folder has weights at all.</summary>
    public static bool HasWeights(string folder) =>
        new[] { SingleFileName, IndexFileName }.Any(name => File.Exists(System.IO.Path.Combine(folder, name)));

    /// <summary>Whether the checkpoint has a tensor of that name.</summary>
    public bool Contains(string name) => tensors.ContainsKey(name);

    /// <summary>Looks a tensor up that may be absent.</summary>
    public bool TryFind(string name, [NotNullWhen(true)] out CheckpointTensor? tensor) =>
        tensors.TryGetValue(name, out tensor);

    /// <summary>Looks a needed tensor up.</summary>
    /// <exception cref="ModelException">The checkpoint lacks it.</exception>
    public CheckpointTensor Find(string name) =>
        TryFind(name, out var tensor) ? tensor : throw ModelException.MissingTensor(Path, name);

    /// <summary>Looks a needed tensor of known shape up.</summary>
    /// <exception cref="ModelException">The checkpoint lacks it, or it has another shape.</exception>
    public CheckpointTensor Find(string name, params ReadOnlySpan<long> shape)
    {
        var tensor = Find(name);
        return shape.SequenceEqual(tensor.Entry.Shape)
            ? tensor
            : throw ModelException.WrongShape(Path, name, shape.ToArray(), tensor.Entry.Shape);
    }

    /// <summary>Closes all files.</summary>
    public void Dispose() => files.ForEach(file => file.Dispose());

    private static CheckpointFolder Load(
        string folder, IEnumerable<string> fileNames, Dictionary<string, string>? index)
    {
        var files = new List<SafetensorsFile>();
        var tensors = new Dictionary<string, CheckpointTensor>();
        try
        {
            foreach (var fileName in fileNames)
            {
                var file = SafetensorsFile.Open(System.IO.Path.Combine(folder, fileName));
                files.Add(file);
                // The index decides: a tensor that it gives to another shard, or leaves out, is not part of the model.
                foreach (var entry in file.Tensors.Values)
                    if (index is null || (index.TryGetValue(entry.Name, out var owner) && owner == fileName))
                        tensors.Add(entry.Name, new CheckpointTensor(file, entry));
            }
            foreach (var (name, owner) in index ?? [])
                if (!tensors.ContainsKey(name))
                    throw ModelException.Damaged(System.IO.Path.Combine(folder, owner),
                        $"it lacks tensor {name}, which {IndexFileName} says it holds");
            return new CheckpointFolder(folder, files, tensors) { Packing = PackedFormat.Read(folder) };
        }
        catch
        {
            files.ForEach(file => file.Dispose());
            throw;
        }
    }
}
