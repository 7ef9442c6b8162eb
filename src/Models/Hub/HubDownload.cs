using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace HieraVid.Models.Hub;

/// <summary>How far a download is.</summary>
/// <param name="Path">The file that is being fetched.</param>
/// <param name="Bytes">Bytes of all files that are there.</param>
/// <param name="TotalBytes">Bytes of all files.</param>
public readonly record struct HubProgress(string Path, long Bytes, long TotalBytes);

/// <summary>
/// Downloads a model from the hub into the shared cache. What was begun is gone on with, and every content is checked
/// against its digest before it counts.
/// </summary>
/// <param name="settings">Where the hub and the cache are.</param>
public sealed class HubDownload(HubSettings settings)
{
    // A connection that breaks is made again so often while each brings something.
    private const int Attempts = 5;
    private const int BufferBytes = 1 << 20;

    /// <summary>Whether a word could name a repository: ORG/NAME.</summary>
    public static bool IsRepository(string word) => word.Split('/') is { Length: 2 } parts && parts.All(part =>
        part.Length is > 0 and <= 96 && !part.StartsWith('.') && !part.StartsWith('-') && !part.Contains("--", StringComparison.Ordinal)
        && part.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.'));

    /// <summary>The folder of a model that was downloaded earlier; null where it was not.</summary>
    public static string? Find(HubSettings settings, string repository) =>
        IsRepository(repository) ? new HubCache(settings.CacheFolder, repository).Latest() : null;

    /// <summary>Downloads what is not there yet.</summary>
    /// <param name="repository">ORG/NAME.</param>
    /// <param name="revision">A branch, a tag or a commit.</param>
    /// <param name="onProgress">Told how far it is.</param>
    /// <param name="cancellation">Ends it; what was fetched stays, for the next time.</param>
    /// <returns>The folder to load the model from.</returns>
    /// <exception cref="ModelException">The name is none, the hub refuses or cannot be reached, a content is damaged, or the disk is full.</exception>
    public async Task<string> RunAsync(
        string repository, string revision, Action<HubProgress>? onProgress = null, CancellationToken cancellation = default)
    {
        if (!IsRepository(repository))
            throw ModelException.Option("ORG/NAME", repository, "name a repository of the hub, such as lmms-lab/LLaVA-Video-7B-Qwen2");
        if (revision.Length == 0 || revision.Split('/').Any(part => part is "" or "." or ".."))
            throw ModelException.Option("--revision", revision, "use a branch, a tag or a commit");
        using var client = new HubClient(settings);
        var (commit, all) = await client.ListAsync(repository, revision, cancellation).ConfigureAwait(false);
        var files = all.Where(file => file.IsWanted).ToList();
        if (files.FirstOrDefault(file => !file.IsSafe) is { } bad)
            throw ModelException.Hub(repository, $"the hub lists a file that cannot be one: \"{bad.Path}\"");
        if (!files.Any(file => file.Path.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase)))
        {
            throw ModelException.Unsupported($"{repository} at {revision}", "a repository without safetensors",
                "take one that has its weights as safetensors files");
        }
        var cache = new HubCache(settings.CacheFolder, repository);
        try
        {
            cache.Prepare();
            RequireSpace(cache, files);
            await FetchAllAsync(client, cache, repository, commit, files, onProgress, cancellation).ConfigureAwait(false);
            cache.Remember(revision, commit);
        }
        catch (OperationCanceledException e)
        {
            throw new DownloadCancelledException(e, cancellation);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw ModelException.Unwritable(settings.CacheFolder, files.Sum(file => file.Size), e);
        }
        return cache.Snapshot(commit);
    }

    private static async Task FetchAllAsync(
        HubClient client, HubCache cache, string repository, string commit, List<HubFile> files, Action<HubProgress>? onProgress,
        CancellationToken cancellation)
    {
        var (total, before) = (files.Sum(file => file.Size), 0L);
        foreach (var file in files)
        {
            if (!File.Exists(cache.Blob(file.Digest)))
            {
                var start = before;
                await FetchAsync(client, cache, repository, commit, file,
                    bytes => onProgress?.Invoke(new HubProgress(file.Path, start + bytes, total)), cancellation).ConfigureAwait(false);
            }
            cache.Link(commit, file);
            before += file.Size;
            onProgress?.Invoke(new HubProgress(file.Path, before, total));
        }
    }

    private static async Task FetchAsync(
        HubClient client, HubCache cache, string repository, string commit, HubFile file, Action<long> onBytes, CancellationToken cancellation)
    {
        var path = cache.Incomplete(file.Digest);
        // Nobody else may write to it meanwhile.
        await using (var grows = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, BufferBytes))
        {
            // More than there can be is not of this file.
            if (grows.Length > file.Size)
                grows.SetLength(0);
            for (var attempt = 1; grows.Length < file.Size; attempt++)
            {
                var had = grows.Length;
                try
                {
                    await ReceiveAsync(client, repository, commit, file, grows, onBytes, cancellation).ConfigureAwait(false);
                }
                catch (Exception e) when (e is HttpIOException or HttpRequestException || (e is IOException && e.InnerException is System.Net.Sockets.SocketException))
                {
                    // Goes on below where the connection broke, unless it brought nothing.
                    if (grows.Length == had || attempt == Attempts)
                        throw ModelException.Hub(repository, $"{file.Path} broke off after {grows.Length:N0} of {file.Size:N0} bytes; run it again to go on from there", e);
                    continue;
                }
                if (grows.Length < file.Size && (grows.Length == had || attempt == Attempts))
                    throw ModelException.Hub(repository, $"{file.Path} ended after {grows.Length:N0} of {file.Size:N0} bytes; run it again to go on from there");
            }
            if (await DigestAsync(grows, file, cancellation).ConfigureAwait(false) != file.Digest)
            {
                grows.SetLength(0);
                throw ModelException.Hub(repository, $"{file.Path} arrived damaged and was thrown away; run it again");
            }
        }
        File.Move(path, cache.Blob(file.Digest), overwrite: true);
    }

    private static async Task ReceiveAsync(
        HubClient client, string repository, string commit, HubFile file, FileStream grows, Action<long> onBytes, CancellationToken cancellation)
    {
        var (response, resumed) = await client.OpenAsync(repository, commit, file.Path, grows.Length, cancellation).ConfigureAwait(false);
        using (response)
        {
            if (!resumed)
                grows.SetLength(0);
            grows.Position = grows.Length;
            await using var content = await response.Content.ReadAsStreamAsync(cancellation).ConfigureAwait(false);
            var buffer = new byte[BufferBytes];
            int read;
            while ((read = await content.ReadAsync(buffer, cancellation).ConfigureAwait(false)) > 0)
            {
                if (grows.Length + read > file.Size)
                {
                    grows.SetLength(0);
                    throw ModelException.Hub(repository, $"{file.Path} is longer than the {file.Size:N0} bytes that the hub lists");
                }
                await grows.WriteAsync(buffer.AsMemory(0, read), cancellation).ConfigureAwait(false);
                // What is written counts if the connection breaks now.
                await grows.FlushAsync(cancellation).ConfigureAwait(false);
                onBytes(grows.Length);
            }
        }
    }

    private static async Task<string> DigestAsync(FileStream file, HubFile listed, CancellationToken cancellation)
    {
        var isLarge = listed.Digest.Length == 64;
#pragma warning disable CA5350 // Git's names of contents are SHA-1; it is what the hub gives for small files.
        using var hash = IncrementalHash.CreateHash(isLarge ? HashAlgorithmName.SHA256 : HashAlgorithmName.SHA1);
#pragma warning restore CA5350
        if (!isLarge)
            hash.AppendData(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"blob {listed.Size}\0")));
        file.Position = 0;
        var buffer = new byte[BufferBytes];
        int read;
        while ((read = await file.ReadAsync(buffer, cancellation).ConfigureAwait(false)) > 0)
            hash.AppendData(buffer, 0, read);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static void RequireSpace(HubCache cache, List<HubFile> files)
    {
        var needed = files.Where(file => !File.Exists(cache.Blob(file.Digest)))
            .Sum(file => file.Size - (File.Exists(cache.Incomplete(file.Digest)) ? new FileInfo(cache.Incomplete(file.Digest)).Length : 0));
        var folder = Path.GetDirectoryName(cache.Blob("any"))!;
        var free = new DriveInfo(Path.GetFullPath(folder)).AvailableFreeSpace;
        if (free < needed)
        {
            throw ModelException.Environment(
                string.Create(CultureInfo.InvariantCulture, $"{folder} has {free / 1e9:N1} GB free and the model needs {needed / 1e9:N1} GB"),
                "free some space, or set HF_HOME to a folder on a larger disk");
        }
    }
}
