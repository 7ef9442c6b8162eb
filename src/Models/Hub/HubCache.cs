namespace HieraVid.Models.Hub;

/// <summary>
/// One repository in the cache, in the layout of the hub's own tools, which may share it: contents by digest under blobs,
/// a folder of links per commit under snapshots, the commit of each branch under refs.
/// </summary>
/// <param name="root">The folder of all repositories.</param>
/// <param name="repository">ORG/NAME.</param>
internal sealed class HubCache(string root, string repository)
{
    private const string LatestBranch = "main";

    private readonly string _folder = Path.Combine(root, $"models--{repository.Replace("/", "--", StringComparison.Ordinal)}");

    /// <summary>Where a content is, or will be.</summary>
    internal string Blob(string digest) => Path.Combine(_folder, "blobs", digest);

    /// <summary>Where a content grows.</summary>
    internal string Incomplete(string digest) => Blob(digest) + ".incomplete";

    /// <summary>The folder to load a commit's model from.</summary>
    internal string Snapshot(string commit) => Path.Combine(_folder, "snapshots", commit);

    /// <summary>The folder of the newest commit that was downloaded; null where there is none.</summary>
    internal string? Latest()
    {
        var reference = Path.Combine(_folder, "refs", LatestBranch);
        return File.Exists(reference) && Snapshot(File.ReadAllText(reference).Trim()) is var folder && Directory.Exists(folder) ? folder : null;
    }

    /// <summary>Makes the folders that downloads need.</summary>
    internal void Prepare() => Directory.CreateDirectory(Path.Combine(_folder, "blobs"));

    /// <summary>Shows a complete content under its name in a commit's folder.</summary>
    internal void Link(string commit, HubFile file)
    {
        var link = Path.Combine(Snapshot(commit), file.Path);
        var folder = Path.GetDirectoryName(link)!;
        Directory.CreateDirectory(folder);
        var target = Path.GetRelativePath(folder, Blob(file.Digest));
        if (new FileInfo(link) is { LinkTarget: { } existing } && existing == target)
            return;
        File.Delete(link);
        try
        {
            File.CreateSymbolicLink(link, target);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or PlatformNotSupportedException)
        {
            // Some file systems have no links.
            File.Copy(Blob(file.Digest), link);
        }
    }

    /// <summary>Remembers which commit a branch stands for, once all its files are there.</summary>
    internal void Remember(string revision, string commit)
    {
        if (revision == commit)
            return;
        var reference = Path.Combine(_folder, "refs", revision);
        Directory.CreateDirectory(Path.GetDirectoryName(reference)!);
        File.WriteAllText(reference, commit);
    }
}
