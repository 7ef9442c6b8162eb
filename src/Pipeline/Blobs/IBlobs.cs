namespace HieraVid.Pipeline.Blobs;

/// <summary>
/// A place for named files that several processes share: a local folder, or a container of Azure Blob Storage
/// (src/Storage). Names are paths with '/' that cannot leave the place, see <see cref="BlobName"/>. A file appears under
/// its name only when it is complete. Whatever goes wrong with the place itself is an <see cref="IOException"/> or an
/// <see cref="UnauthorizedAccessException"/>. Calls block: they belong where tensors and files are worked on, never on a
/// scheduler that others wait for.
/// </summary>
public interface IBlobs
{
    /// <summary>What a user knows the place by.</summary>
    string Name { get; }

    /// <summary>What a user may do when the place cannot be used.</summary>
    string Remedy { get; }

    /// <summary>Room that is left, in bytes; null where the place has no end of its own.</summary>
    long? FreeBytes { get; }

    /// <summary>Whether a file is there.</summary>
    bool Exists(string name);

    /// <summary>Puts a file there, replacing an older one.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="write">Writes the file at the local path that it is given; if it throws, nothing is put.</param>
    void Put(string name, Action<string> write);

    /// <summary>Gets a file.</summary>
    /// <returns>The file on a local path until it is disposed; null if there is none.</returns>
    LocalFile? Get(string name);

    /// <summary>Puts a large file there. What an interrupted upload got over is not sent again where the place can tell.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="file">The local file.</param>
    /// <param name="sent">Told how many bytes are there.</param>
    /// <param name="cancellation">Ends it; nothing has its name then.</param>
    Task UploadAsync(string name, string file, IProgress<long>? sent, CancellationToken cancellation);

    /// <summary>Copies a large file to a local path.</summary>
    /// <exception cref="FileNotFoundException">There is none.</exception>
    Task DownloadAsync(string name, string path, CancellationToken cancellation);

    /// <summary>The files below a folder, at any depth; none if there is no such folder.</summary>
    /// <param name="folder">The folder; empty for all.</param>
    IReadOnlyList<BlobEntry> List(string folder);

    /// <summary>Removes a file; nothing happens if there is none.</summary>
    void Delete(string name);

    /// <summary>Removes a folder with all that is in it, claimed or not; nothing happens if there is none.</summary>
    void DeleteFolder(string folder);

    /// <summary>
    /// Claims a folder for this process, until the claim is disposed or the process has ended, however it ended. It leaves
    /// an empty file <see cref="BlobName.Claim"/> in the folder.
    /// </summary>
    /// <returns>The claim; null where another has it.</returns>
    IDisposable? TryClaim(string folder);
}

/// <summary>A file of a store.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="ModifiedUtc">When it was put there.</param>
public sealed record BlobEntry(string Name, long Bytes, DateTime ModifiedUtc);

/// <summary>A file of a store on a local path.</summary>
/// <param name="path">Where it is.</param>
/// <param name="release">Called once when nobody needs it there any more.</param>
public sealed class LocalFile(string path, Action? release = null) : IDisposable
{
    private Action? _release = release;

    /// <summary>Where it is; only to be read.</summary>
    public string Path => path;

    /// <inheritdoc/>
    public void Dispose() => Interlocked.Exchange(ref _release, null)?.Invoke();
}
