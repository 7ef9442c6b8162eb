namespace HieraVid.Pipeline.Blobs;

/// <summary>A local folder, or one on a shared file system.</summary>
/// <param name="folder">The folder; made when it is first needed.</param>
public sealed class FolderBlobs(string folder) : IBlobs
{
    /// <inheritdoc/>
    public string Name => folder;

    /// <inheritdoc/>
    public string Remedy => "make room or set the permissions there, or name another folder with --store";

    /// <inheritdoc/>
    public long? FreeBytes
    {
        get
        {
            Directory.CreateDirectory(folder);
            return new DriveInfo(folder).AvailableFreeSpace;
        }
    }

    /// <inheritdoc/>
    public bool Exists(string name) => File.Exists(PathOf(name));

    /// <inheritdoc/>
    public void Put(string name, Action<string> write)
    {
        ArgumentNullException.ThrowIfNull(write);
        var path = PathOf(name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        // Beside it, so that the rename is atomic.
        var growing = $"{path}.{Guid.NewGuid():N}.tmp";
        try
        {
            write(growing);
            File.Move(growing, path, overwrite: true);
        }
        catch
        {
            File.Delete(growing);
            throw;
        }
    }

    /// <inheritdoc/>
    public LocalFile? Get(string name) => PathOf(name) is var path && File.Exists(path) ? new LocalFile(path) : null;

    /// <inheritdoc/>
    public async Task UploadAsync(string name, string file, IProgress<long>? sent, CancellationToken cancellation)
    {
        var path = PathOf(name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        await FileCopy.RunAsync(file, path, sent, cancellation).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public Task DownloadAsync(string name, string path, CancellationToken cancellation) =>
        FileCopy.RunAsync(PathOf(name), path, null, cancellation);

    /// <inheritdoc/>
    public IReadOnlyList<BlobEntry> List(string folder)
    {
        var below = new DirectoryInfo(FolderOf(folder));
        if (!below.Exists)
            return [];
        return [.. below.EnumerateFiles("*", SearchOption.AllDirectories).Select(file =>
            new BlobEntry(Path.GetRelativePath(Name, file.FullName).Replace('\\', '/'), file.Length, file.LastWriteTimeUtc))];
    }

    /// <inheritdoc/>
    public void Delete(string name)
    {
        if (Exists(name))
            File.Delete(PathOf(name));
    }

    /// <inheritdoc/>
    public void DeleteFolder(string folder)
    {
        var path = PathOf(folder);
        if (Directory.Exists(path))
            Directory.Delete(path, recursive: true);
    }

    /// <inheritdoc/>
    public IDisposable? TryClaim(string folder)
    {
        var path = PathOf($"{folder}/{BlobName.Claim}");
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        try
        {
            // The system lets go of it when the process ends, however it ends.
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException) when (File.Exists(path))
        {
            return null;
        }
    }

    private string PathOf(string name) => Path.Combine(folder, BlobName.Check(name));

    private string FolderOf(string below) => below.Length == 0 ? folder : PathOf(below);
}
