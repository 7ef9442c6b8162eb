namespace HieraVid.Video;

/// <summary>The checks on a path that need no FFmpeg: it exists, is a readable file, and carries a known
/// signature.</summary>
/// <param name="FullPath">The absolute path.</param>
/// <param name="Container">The container.</param>
/// <param name="Bytes">The file's size.</param>
internal sealed record VideoFile(string FullPath, VideoContainer Container, long Bytes)
{
    /// <summary>How FFmpeg is to open the file: with the demuxer pinned and nothing but local files
    /// reachable.</summary>
    /// <remarks>"file:" and an absolute path: no name can then be taken for an option, a protocol or a
    /// pattern.</remarks>
    public string[] InputArguments =>
        ["-protocol_whitelist", "file,pipe", "-f", ContainerSignature.Demuxer(Container), "-i", "file:" + FullPath];

    /// <summary>Checks a path; throws the sentence that says what is wrong with it.</summary>
    public static VideoFile Open(string path)
    {
        if (Directory.Exists(path))
            throw VideoErrors.IsFolder(path);
        var file = new FileInfo(path);
        if (!file.Exists)
            throw VideoErrors.NotFound(path);
        // Pipes and devices have length 0 too; opening one could block for ever, so this comes first.
        if (file.Length == 0)
            throw VideoErrors.Empty(path);

        byte[] head = ReadHead(path);
        if (ContainerSignature.Detect(head) is { } container)
            return new(file.FullName, container, file.Length);
        throw ContainerSignature.IsPlaylist(head)
            ? VideoErrors.Playlist(path)
            : VideoErrors.NotVideo(path, ContainerSignature.Describe(head));
    }

    private static byte[] ReadHead(string path)
    {
        byte[] head = new byte[ContainerSignature.Length];
        try
        {
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
            return head[..stream.ReadAtLeast(head, head.Length, throwOnEndOfStream: false)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw VideoErrors.Unreadable(path, e);
        }
    }
}
