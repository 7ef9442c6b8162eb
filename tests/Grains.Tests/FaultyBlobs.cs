using HieraVid.Pipeline.Blobs;

namespace HieraVid.Grains.Tests;

/// <summary>A store that can be away: then whatever is asked of it fails.</summary>
/// <param name="store">The store.</param>
internal sealed class FaultyBlobs(IBlobs store) : IBlobs
{
    private int _refused;

    internal volatile bool IsAway;

    /// <summary>What was asked of it while it was away.</summary>
    internal int Refused => Volatile.Read(ref _refused);

    public string Name => store.Name;

    public string Remedy => store.Remedy;

    public long? FreeBytes => There.FreeBytes;

    private IBlobs There
    {
        get
        {
            if (!IsAway)
                return store;
            Interlocked.Increment(ref _refused);
            throw new IOException("the store is away");
        }
    }

    public bool Exists(string name) => There.Exists(name);

    public void Put(string name, Action<string> write) => There.Put(name, write);

    public LocalFile? Get(string name) => There.Get(name);

    public Task UploadAsync(string name, string file, IProgress<long>? sent, CancellationToken cancellation) =>
        There.UploadAsync(name, file, sent, cancellation);

    public Task DownloadAsync(string name, string path, CancellationToken cancellation) => There.DownloadAsync(name, path, cancellation);

    public IReadOnlyList<BlobEntry> List(string folder) => There.List(folder);

    public void Delete(string name) => There.Delete(name);

    public void DeleteFolder(string folder) => There.DeleteFolder(folder);

    public IDisposable? TryClaim(string folder) => There.TryClaim(folder);
}
