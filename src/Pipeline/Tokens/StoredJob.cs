using HieraVid.Models;
using HieraVid.Pipeline.Jobs;
using static TorchSharp.torch;

namespace HieraVid.Pipeline.Tokens;

/// <summary>One job's part of the token store. While it is open no other process uses it.</summary>
internal sealed class StoredJob : IDisposable
{
    private const string Lock = "lock";
    private const string Extension = ".safetensors";

    private readonly TokenStore _store;
    private readonly string _folder, _key;
    private readonly FileStream _lock;

    private StoredJob(TokenStore store, string folder, string key, FileStream held) =>
        (_store, _folder, _key, _lock) = (store, folder, key, held);

    /// <summary>What it holds on the disk.</summary>
    internal long HeldBytes => new DirectoryInfo(_folder).EnumerateFiles().Sum(file => file.Length);

    /// <summary>Opens a folder; null where another process has it open.</summary>
    internal static StoredJob? TryOpen(TokenStore store, string folder, string key)
    {
        try
        {
            // The system lets go of it when the process ends, however it ends.
            var held = new FileStream(Path.Combine(folder, Lock), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            return new StoredJob(store, folder, key, held);
        }
        catch (IOException) when (File.Exists(Path.Combine(folder, Lock)))
        {
            return null;
        }
    }

    /// <summary>Whether a chunk was written; it may still turn out to be damaged.</summary>
    internal bool Has(int chunk) => File.Exists(PathOf(chunk));

    /// <summary>Writes a chunk.</summary>
    /// <param name="chunk">Its number.</param>
    /// <param name="tensors">By name; they stay the caller's.</param>
    /// <exception cref="JobException">There is no room, or the folder went away.</exception>
    internal void Write(int chunk, IReadOnlyDictionary<string, Tensor> tensors)
    {
        try
        {
            TokenBlock.Write(PathOf(chunk), tensors, Facts(chunk));
        }
        catch (ModelException e) when (e.InnerException is { } cause)
        {
            throw _store.Unusable(cause);
        }
    }

    /// <summary>Reads a chunk.</summary>
    /// <param name="chunk">Its number.</param>
    /// <param name="device">Where they are to be.</param>
    /// <returns>Its tensors, in no dispose scope; null if there is none, or a damaged or foreign one.</returns>
    internal IReadOnlyDictionary<string, Tensor>? Read(int chunk, Device device) =>
        TokenBlock.Read(PathOf(chunk), Facts(chunk), device);

    /// <summary>Removes all chunks.</summary>
    internal void Clear()
    {
        foreach (var file in Directory.EnumerateFiles(_folder).Where(file => Path.GetFileName(file) != Lock))
            File.Delete(file);
    }

    /// <summary>Removes everything; the job is done.</summary>
    internal void Remove()
    {
        // A second run of the same job may be waiting to claim the folder; it makes it anew.
        if (Directory.Exists(_folder))
            Directory.Delete(_folder, recursive: true);
    }

    /// <summary>Lets go of the folder; the chunks stay.</summary>
    public void Dispose() => _lock.Dispose();

    private string PathOf(int chunk) => Path.Combine(_folder, FormattableString.Invariant($"chunk-{chunk:00000}{Extension}"));

    private Dictionary<string, string> Facts(int chunk) =>
        new() { ["job"] = _key, ["stage"] = "encoded", ["chunk"] = FormattableString.Invariant($"{chunk}") };
}
