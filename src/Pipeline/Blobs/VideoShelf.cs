using System.Security.Cryptography;

namespace HieraVid.Pipeline.Blobs;

/// <summary>
/// The videos of a cluster: uploaded to its store under a name made of their contents, and copied from there to the disk of
/// each silo that decodes them, once for all chunks.
/// </summary>
/// <param name="blobs">The store.</param>
/// <param name="cache">Local folder for copies; made when it is first needed.</param>
/// <param name="limitBytes">Most that the copies may hold; those that were not used for longest go first.</param>
public sealed class VideoShelf(IBlobs blobs, string cache, long limitBytes) : IDisposable
{
    /// <summary>100 GB: some fifty hours of 1080p.</summary>
    public const long DefaultLimitBytes = 100_000_000_000;

    private const string Folder = "videos";

    private readonly string _cache = Path.GetFullPath(cache);
    private readonly Dictionary<string, int> _inUse = [];
    private readonly SemaphoreSlim _filling = new(1);

    /// <summary>Uploads a video, unless it is there.</summary>
    /// <param name="file">The local file.</param>
    /// <param name="sent">Told how many bytes are there.</param>
    /// <param name="cancellation">Ends it; a later upload goes on from what was sent.</param>
    /// <returns>Its name in the store.</returns>
    public async Task<string> AddAsync(string file, IProgress<long>? sent, CancellationToken cancellation)
    {
        string digest;
        long length;
        var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 20, FileOptions.Asynchronous | FileOptions.SequentialScan);
        await using (stream.ConfigureAwait(false))
        {
            length = stream.Length;
            digest = Convert.ToHexStringLower(await SHA256.HashDataAsync(stream, cancellation).ConfigureAwait(false));
        }
        var name = $"{Folder}/{digest}";
        if (blobs.Exists(name))
            sent?.Report(length);
        else
            await blobs.UploadAsync(name, file, sent, cancellation).ConfigureAwait(false);
        return name;
    }

    /// <summary>Gets a video onto this machine's disk.</summary>
    /// <param name="name">Its name in the store.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>The file; it stays while this is not disposed.</returns>
    /// <exception cref="FileNotFoundException">There is none, or its contents are not what its name says.</exception>
    public async Task<LocalFile> FetchAsync(string name, CancellationToken cancellation)
    {
        // No copy of what lies on a disk already.
        if (blobs is FolderBlobs)
            return blobs.Get(name) ?? throw new FileNotFoundException($"There is no video {name} in the store.");
        var path = Path.Combine(_cache, BlobName.Check(name));
        // One at a time: chunks of one video come together, and only the first has to wait for the network.
        await _filling.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            if (!File.Exists(path))
                await FillAsync(name, path, cancellation).ConfigureAwait(false);
            File.SetLastAccessTimeUtc(path, DateTime.UtcNow);
            lock (_inUse)
                _inUse[path] = _inUse.GetValueOrDefault(path) + 1;
        }
        finally
        {
            _filling.Release();
        }
        return new LocalFile(path, () => Release(path));
    }

    /// <summary>A path on this machine's disk for a file on its way to the store; what is there is removed with it.</summary>
    public LocalFile Scratch()
    {
        Directory.CreateDirectory(_cache);
        var path = Path.Combine(_cache, $"{Guid.NewGuid():N}.tmp");
        return new LocalFile(path, () => File.Delete(path));
    }

    /// <summary>Removes a video from the store.</summary>
    public void Remove(string name) => blobs.Delete(name);

    /// <inheritdoc/>
    public void Dispose() => _filling.Dispose();

    private async Task FillAsync(string name, string path, CancellationToken cancellation)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var growing = $"{path}.{Guid.NewGuid():N}.tmp";
        try
        {
            await blobs.DownloadAsync(name, growing, cancellation).ConfigureAwait(false);
            var stream = File.OpenRead(growing);
            await using (stream.ConfigureAwait(false))
            {
                var digest = Convert.ToHexStringLower(await SHA256.HashDataAsync(stream, cancellation).ConfigureAwait(false));
                if (Path.GetFileName(name) != digest)
                    throw new FileNotFoundException($"The video {name} in the store is damaged: upload it again.");
            }
            MakeRoom(new FileInfo(growing).Length);
            File.Move(growing, path, overwrite: true);
        }
        finally
        {
            File.Delete(growing);
        }
    }

    private void MakeRoom(long bytes)
    {
        List<FileInfo> copies = [.. new DirectoryInfo(_cache).EnumerateFiles("*", SearchOption.AllDirectories).Where(file => file.Extension != ".tmp").OrderBy(file => file.LastAccessTimeUtc)];
        var held = copies.Sum(file => file.Length);
        foreach (var file in copies)
        {
            if (held + bytes <= limitBytes)
                return;
            lock (_inUse)
            {
                if (_inUse.ContainsKey(file.FullName))
                    continue;
                held -= file.Length;
                file.Delete();
            }
        }
    }

    private void Release(string path)
    {
        lock (_inUse)
        {
            if (--_inUse[path] == 0)
                _inUse.Remove(path);
        }
    }
}
