using HieraVid.Models;
using HieraVid.Pipeline.Blobs;
using HieraVid.Pipeline.Jobs;
using static TorchSharp.torch;

namespace HieraVid.Pipeline.Tokens;

/// <summary>One job's part of the token store. While it is open no other process uses it.</summary>
public sealed class StoredJob : IDisposable
{
    private readonly TokenStore _store;
    private readonly IBlobs _blobs;
    private readonly string _folder, _key;
    private readonly IDisposable _claim;

    internal StoredJob(TokenStore store, string folder, string key, IDisposable claim) =>
        (_store, _blobs, _folder, _key, _claim) = (store, store.Blobs, folder, key, claim);

    /// <summary>What it holds, in bytes.</summary>
    public long HeldBytes => _blobs.List(_folder).Sum(file => file.Bytes);

    /// <summary>Whether a chunk was written; it may still turn out to be damaged.</summary>
    public bool Has(int chunk) => _blobs.Exists(NameOf(chunk));

    /// <summary>Writes a chunk.</summary>
    /// <param name="chunk">Its number.</param>
    /// <param name="tensors">By name; they stay the caller's.</param>
    /// <exception cref="JobException">There is no room, or the store went away.</exception>
    public void Write(int chunk, IReadOnlyDictionary<string, Tensor> tensors)
    {
        try
        {
            _blobs.Put(NameOf(chunk), path => TokenBlock.Write(path, tensors, Facts(chunk)));
        }
        catch (ModelException e) when (e.InnerException is { } cause)
        {
            throw _store.Unusable(cause);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw _store.Unusable(e);
        }
    }

    /// <summary>Reads a chunk.</summary>
    /// <param name="chunk">Its number.</param>
    /// <param name="device">Where the tensors are to be.</param>
    /// <returns>Its tensors, in no dispose scope; null if there is none, or a damaged or foreign one.</returns>
    /// <exception cref="JobException">The store went away.</exception>
    public IReadOnlyDictionary<string, Tensor>? Read(int chunk, Device device)
    {
        try
        {
            using var file = _blobs.Get(NameOf(chunk));
            return file is null ? null : TokenBlock.Read(file.Path, Facts(chunk), device);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw _store.Unusable(e);
        }
    }

    /// <summary>Removes all chunks.</summary>
    public void Clear()
    {
        foreach (var file in _blobs.List(_folder).Where(file => file.Name != $"{_folder}/{BlobName.Claim}"))
            _blobs.Delete(file.Name);
    }

    /// <summary>Removes everything; the job is done.</summary>
    // A second run of the same job may be waiting to claim the folder; it makes it anew.
    public void Remove() => _blobs.DeleteFolder(_folder);

    /// <summary>Lets go of the folder; the chunks stay.</summary>
    public void Dispose() => _claim.Dispose();

    private string NameOf(int chunk) => FormattableString.Invariant($"{_folder}/chunk-{chunk:00000}.safetensors");

    private Dictionary<string, string> Facts(int chunk) =>
        new() { ["job"] = _key, ["stage"] = "encoded", ["chunk"] = FormattableString.Invariant($"{chunk}") };
}
