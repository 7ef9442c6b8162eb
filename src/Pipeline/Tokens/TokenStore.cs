using HieraVid.Pipeline.Jobs;

namespace HieraVid.Pipeline.Tokens;

/// <summary>A folder for encoded tokens: where they wait when memory is short, and from where a killed job goes on.</summary>
/// <param name="Folder">The folder; made when it is first needed.</param>
/// <param name="LimitBytes">Most that all jobs together may hold there.</param>
public sealed record TokenStore(string Folder, long LimitBytes)
{
    /// <summary>50 GB: an hour at 2 frames per second with a 7B model is 10 GB.</summary>
    public const long DefaultLimitBytes = 50_000_000_000;

    // Older blocks are those of a job that nobody went on with.
    private static readonly TimeSpan s_abandoned = TimeSpan.FromDays(7);

    /// <summary>The user's own folder: HIERAVID_STORE, or the cache folder of the system.</summary>
    public static TokenStore Default
    {
        get
        {
            var folder = Environment.GetEnvironmentVariable("HIERAVID_STORE");
            if (string.IsNullOrEmpty(folder))
            {
                var cache = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
                if (string.IsNullOrEmpty(cache))
                    cache = Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");
                folder = Path.Combine(cache, "hieravid", "tokens");
            }
            return new TokenStore(folder, DefaultLimitBytes);
        }
    }

    /// <summary>Opens the part of the store that belongs to a job, for this process alone.</summary>
    /// <param name="key">The job's key.</param>
    /// <param name="bytes">What the job is going to hold.</param>
    /// <param name="resume">Whether to go on with what an earlier run left.</param>
    /// <exception cref="JobException">
    /// The folder cannot be used, has no room, or another process goes on with the same job.
    /// </exception>
    internal StoredJob Open(string key, long bytes, bool resume)
    {
        try
        {
            Directory.CreateDirectory(Folder);
            RemoveAbandoned(key);
            var job = Claim(key, resume);
            try
            {
                Reserve(job, bytes);
            }
            catch
            {
                if (job.HeldBytes == 0)
                    job.Remove();
                job.Dispose();
                throw;
            }
            return job;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unusable(e);
        }
    }

    /// <summary>The sentence for a folder that cannot be read or written.</summary>
    internal JobException Unusable(Exception cause) => JobException.Bad(
        $"The token store {Folder} cannot be used ({cause.Message.TrimEnd('.')}): make room or set the permissions there, or name another folder with --store.");

    private StoredJob Claim(string key, bool resume)
    {
        // Another run at work on the same job keeps its folder; a second one that does not resume takes one of its own.
        for (var i = 0; ; i++)
        {
            var folder = Path.Combine(Folder, i == 0 ? key : $"{key}-{i}");
            Directory.CreateDirectory(folder);
            if (StoredJob.TryOpen(this, folder, key) is { } job)
            {
                if (!resume)
                    job.Clear();
                return job;
            }
            if (resume)
                throw JobException.Bad($"Another run of this job is at work in {folder}: wait for it, or leave out --resume.");
        }
    }

    private void Reserve(StoredJob job, long bytes)
    {
        var others = Files(new DirectoryInfo(Folder)).Sum(file => file.Length) - job.HeldBytes;
        var free = new DriveInfo(Folder).AvailableFreeSpace + job.HeldBytes;
        if (others + bytes > LimitBytes)
        {
            throw JobException.Bad(FormattableString.Invariant(
                $"The token store {Folder} may hold {Gigabytes(LimitBytes)}, other jobs hold {Gigabytes(others)} of it and this job needs {Gigabytes(bytes)}: remove what is old there, raise --store-limit, or take fewer frames."));
        }
        if (bytes > free)
        {
            throw JobException.Bad(FormattableString.Invariant(
                $"The disk of the token store {Folder} has {Gigabytes(free)} free and this job needs {Gigabytes(bytes)}: make room, name another folder with --store, or take fewer frames."));
        }
    }

    private void RemoveAbandoned(string key)
    {
        foreach (var folder in new DirectoryInfo(Folder).EnumerateDirectories())
        {
            var newest = Files(folder).Select(file => file.LastWriteTimeUtc).DefaultIfEmpty(folder.LastWriteTimeUtc).Max();
            if (folder.Name == key || DateTime.UtcNow - newest < s_abandoned)
                continue;
            using var job = StoredJob.TryOpen(this, folder.FullName, folder.Name);
            job?.Remove();
        }
    }

    private static IEnumerable<FileInfo> Files(DirectoryInfo folder) =>
        folder.EnumerateFiles("*", SearchOption.AllDirectories);

    private static string Gigabytes(long bytes) => FormattableString.Invariant($"{bytes / 1e9:0.###} GB");
}
